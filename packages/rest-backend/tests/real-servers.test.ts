import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listed, noise, sampleFile } from 'restic-core/testing'
import { expect, it } from 'vitest'
import { startRclone, startRestServer } from '../../../tools/servers.ts'
import { restBackend } from '../src/index.ts'

it.each([
  ['rest-server', (dataDir: string) => startRestServer({ dataDir })],
  ['rclone', (dataDir: string) => startRclone({ dataDir })],
])('reads files from %s that begin like a web page', async (_name, start) => {
  const folder = await mkdtemp(join(tmpdir(), 'lookalike-'))
  await using server = await start(folder)
  await using backend = restBackend({ url: `${server.url}a` })
  await backend.create()
  for (const beginning of ['<B>', ' <p>', '<!-->', '<A ', '<tABle>']) {
    const { file, body, content } = sampleFile('pack', [Buffer.from(beginning), noise(200, 1)])
    await backend.write(file, body)
    expect(await backend.read(file)).toEqual(content)
    const part = await backend.read(file, { range: { offset: 0, length: 100 } })
    expect(part).toEqual(content.slice(0, 100))
    expect((await backend.stat(file)).size).toBe(content.length)
  }
  const config = new Uint8Array([...Buffer.from('<B>'), ...noise(152, 2)])
  await backend.write({ type: 'config' }, [config])
  expect((await backend.stat({ type: 'config' })).size).toBe(155)
  expect(await backend.read({ type: 'config' })).toEqual(config)
  expect(await listed(backend, 'pack')).toHaveLength(5)
  await rm(folder, { recursive: true })
})

it('tells that the quota of rest-server is used up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quota-'))
  await using server = await startRestServer({ dataDir: folder, maxSize: 3_000_000 })
  await using backend = restBackend({ url: `${server.url}a` })
  await backend.create()
  const small = sampleFile('pack', [noise(1000, 1)])
  await backend.write(small.file, small.body)
  const large = sampleFile('pack', [noise(3_000_000, 2)])
  await expect(backend.write(large.file, large.body)).rejects.toMatchObject({
    reason: 'full',
    permanent: true,
  })
  expect(await listed(backend, 'pack')).toEqual([{ name: small.file.name, size: 1000 }])
  await rm(folder, { recursive: true })
})

it('tells that rest-server wants a password, and which repositories a user may use', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'private-'))
  const htpasswd = { jo: 'right' }
  await using server = await startRestServer({ dataDir: folder, privateRepos: true, htpasswd })
  const denied = { reason: 'denied', permanent: true, hint: expect.stringContaining('password') }
  for (const [path, credentials] of [
    ['jo/a', undefined],
    ['jo/a', { user: 'jo', password: 'wrong' }],
    ['else/a', { user: 'jo', password: 'right' }],
  ] as const) {
    await using backend = restBackend({ url: `${server.url}${path}`, credentials })
    await expect(backend.create()).rejects.toMatchObject(denied)
    await expect(listed(backend, 'key')).rejects.toMatchObject(denied)
  }
  const inUrl = server.url.replace('http://', 'http://jo:right@')
  const credentials = { user: 'jo', password: 'wrong' }
  await using backend = restBackend({ url: `${inUrl}jo/a`, credentials })
  await backend.create()
  await rm(folder, { recursive: true })
})
