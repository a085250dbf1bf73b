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
