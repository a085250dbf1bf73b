import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeBackend, listed, noise, sampleFile } from 'restic-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { localBackend } from './local-backend.ts'

const traits = {
  rewriting: 'refused',
  repeating: 'accepted',
  removing: 'everything',
  absence: 'told',
} as const

describeBackend(
  'localBackend',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-backend-'))
    const root = join(folder, 'parent', 'repository')
    return {
      backend: localBackend({ path: root }),
      cleanup: () => rm(folder, { recursive: true }),
      plant: async (path, content) => {
        await mkdir(dirname(join(root, path)), { recursive: true })
        await writeFile(join(root, path), content)
      },
    }
  },
  traits,
)

describe('localBackend', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'local-backend-'))
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  const modeOf = async (path: string): Promise<number> =>
    (await stat(join(root, path))).mode & 0o777

  it('makes the folders and modes that restic makes', async () => {
    const backend = localBackend({ path: root })
    await backend.create()
    expect((await readdir(root)).toSorted()).toEqual([
      'data',
      'index',
      'keys',
      'locks',
      'snapshots',
    ])
    const packFolders = await readdir(join(root, 'data'))
    expect(packFolders).toHaveLength(256)
    const { file, body } = sampleFile('pack', [noise(50, 1)])
    await backend.write({ type: 'config' }, [noise(155, 2)])
    await backend.write(file, body)
    const folder = `data/${file.name.slice(0, 2)}`
    expect(await readdir(join(root, folder))).toEqual([file.name])
    expect(await modeOf('config')).toBe(0o400)
    expect(await modeOf(`${folder}/${file.name}`)).toBe(0o400)
    expect(await modeOf('data')).toBe(0o700)
    expect(await modeOf(folder)).toBe(0o700)
  })

  it.runIf(process.platform === 'linux')('fails where no folder can be made', async () => {
    const backend = localBackend({ path: '/proc/instance-sync/repository' })
    await expect(backend.create()).rejects.toMatchObject({ code: 'BACKEND' })
  })

  it('shares with the group when the config does', async () => {
    const backend = localBackend({ path: root })
    await backend.create()
    await backend.write({ type: 'config' }, [noise(155, 2)])
    await chmod(join(root, 'config'), 0o440)
    await rm(join(root, 'index'), { recursive: true })
    const { file, body } = sampleFile('index', [noise(50, 3)])
    const umask = process.umask(0o002)
    await backend.write(file, body).finally(() => process.umask(umask))
    expect(await modeOf(`index/${file.name}`)).toBe(0o440)
    expect(await modeOf('index')).toBe(0o770)
  })

  it('makes a folder that is missing from a repository, and none where there is none', async () => {
    const backend = localBackend({ path: root })
    const { file, body, content } = sampleFile('pack', [noise(50, 4)])
    await expect(backend.write(file, body)).rejects.toMatchObject({
      reason: 'unavailable',
      permanent: true,
      hint: expect.stringContaining('mounted'),
    })
    expect(await readdir(root)).toEqual([])
    await backend.write({ type: 'config' }, [noise(155, 5)])
    await backend.write(file, body)
    expect(await backend.read(file)).toEqual(content)
  })

  it('leaves no temporary file behind when it is cancelled', async () => {
    const backend = localBackend({ path: root })
    await backend.create()
    const { file, body } = sampleFile('key', [noise(12_000_000, 6)])
    const stop = new AbortController()
    const writing = backend.write(file, body, { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('stop it')), 3)
    await expect(writing).rejects.toThrow('stop it')
    expect(await readdir(join(root, 'keys'))).toEqual([])
  })

  it('lets one of two writers of different content win, and keeps that', async () => {
    const backend = localBackend({ path: root })
    await backend.create()
    const results = await Promise.allSettled(
      [7, 8, 9, 10].map((seed) => backend.write({ type: 'config' }, [noise(155, seed)])),
    )
    const winners = results.flatMap(({ status }, at) => (status === 'fulfilled' ? [at + 7] : []))
    expect(winners).toHaveLength(1)
    expect(await backend.read({ type: 'config' })).toEqual(noise(155, winners[0] ?? 0))
    expect((await readdir(root)).filter((name) => name.includes('tmp'))).toEqual([])
  })

  it('finishes a file whose writer stopped just before the end', async () => {
    const backend = localBackend({ path: root })
    await backend.create()
    const { file, body, content } = sampleFile('index', [noise(1000, 3)])
    const path = join('index', file.name)
    await writeFile(join(root, path), content, { mode: 0o600 })
    await backend.write(file, body)
    expect(await modeOf(path)).toBe(0o400)
  })

  it('lists packs in folders that are links, and none in the folder of another', async () => {
    const backend = localBackend({ path: root })
    const elsewhere = join(root, 'elsewhere')
    const { file, content } = sampleFile('pack', [noise(50, 11)])
    await mkdir(join(root, 'data', 'ff'), { recursive: true })
    await mkdir(elsewhere)
    await writeFile(join(elsewhere, file.name), content)
    await writeFile(join(root, 'data', 'ff', file.name), content)
    await writeFile(join(root, 'data', file.name), content)
    await writeFile(join(root, 'data', '00'), content)
    await mkdir(join(root, 'data', 'ff', 'f'.repeat(64)))
    await symlink(elsewhere, join(root, 'data', file.name.slice(0, 2)))
    expect(await listed(backend, 'pack')).toEqual([{ name: file.name, size: 50 }])
  })

  it('keeps to its limits, and can be cancelled while it waits', async () => {
    const limits = { uploadBytesPerSecond: 100_000, downloadBytesPerSecond: 50_000 }
    const backend = localBackend({ path: root, limits })
    await backend.create()
    const { file, body, content } = sampleFile('index', [noise(110_000, 13)])
    const startMs = performance.now()
    await backend.write(file, body)
    expect(performance.now() - startMs).toBeGreaterThan(90)
    const reading = backend.read(file, { signal: AbortSignal.timeout(20) })
    await expect(reading).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(await localBackend({ path: root }).read(file)).toEqual(content)
  })

  it('tells what is wrong with the path', async () => {
    const path = join(root, 'a-file')
    await writeFile(path, 'not a folder')
    const backend = localBackend({ path })
    const { file, body } = sampleFile('pack', [noise(50, 12)])
    const refused = { code: 'BACKEND', reason: 'refused', permanent: true }
    await expect(backend.create()).rejects.toMatchObject(refused)
    await expect(backend.stat(file)).rejects.toMatchObject(refused)
    await expect(backend.write(file, body)).rejects.toMatchObject(refused)
    await expect(listed(backend, 'key')).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(join(path, 'keys')),
    })
  })
})
