import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asId } from '../base/id.ts'
import { noise, sampleFile } from '../testing/index.ts'
import { defaultCacheFolder, openDiskCache, removeCache, unusedCaches } from './disk-cache.ts'

const repository = asId<'repository'>('ab'.repeat(32))
const index = sampleFile('index', [noise(500, 1), noise(100, 2)])

describe('openDiskCache', () => {
  let folder = ''
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'disk-cache-')), 'restic')
  })
  afterEach(() => rm(join(folder, '..'), { recursive: true }))
  const modeOf = async (...path: string[]): Promise<number> =>
    (await stat(join(folder, ...path))).mode & 0o777

  it('makes the folders, files and modes that restic makes', async () => {
    const cache = await openDiskCache({ folder, repository })
    await cache.put('index', index.file.name, index.body)
    expect((await readdir(folder)).toSorted()).toEqual(['CACHEDIR.TAG', repository])
    expect(await readFile(join(folder, 'CACHEDIR.TAG'), 'latin1')).toBe(
      'Signature: 8a477f597d28d172789f06886806bc55\n',
    )
    expect(await readFile(join(folder, repository, 'version'), 'latin1')).toBe('1')
    expect((await readdir(join(folder, repository))).toSorted()).toEqual([
      'data',
      'index',
      'snapshots',
      'version',
    ])
    const digits = index.file.name.slice(0, 2)
    const path = [repository, 'index', digits, index.file.name]
    expect(await readFile(join(folder, ...path))).toEqual(Buffer.from(index.content))
    expect(await readdir(join(folder, repository, 'index', digits))).toEqual([index.file.name])
    expect(await modeOf(...path)).toBe(0o600)
    expect(await modeOf(repository)).toBe(0o700)
    expect(await modeOf(repository, 'index', digits)).toBe(0o700)
    expect(await modeOf('CACHEDIR.TAG')).toBe(0o644)
  })

  it('gives back wholes and parts, and nothing for what it does not have', async () => {
    const cache = await openDiskCache({ folder, repository })
    const { name } = index.file
    expect(await cache.get('index', name)).toBeUndefined()
    await cache.remove('index', name)
    expect(await cache.list('pack')).toEqual([])
    await cache.put('index', name, index.body)
    await cache.put('index', name, index.body)
    expect(await cache.get('index', name)).toEqual(index.content)
    const part = { offset: 450, length: 150 }
    expect(await cache.get('index', name, part)).toEqual(index.content.slice(450))
    expect(await cache.get('index', name, { offset: 451, length: 150 })).toBeUndefined()
    expect(await cache.get('snapshot', name)).toBeUndefined()
    expect(await cache.list('index')).toEqual([name])
    await cache.remove('index', name)
    expect(await cache.list('index')).toEqual([])
  })

  it('leaves out what is no copy of a file', async () => {
    const cache = await openDiskCache({ folder, repository })
    await mkdir(join(folder, repository, 'data', 'ab'))
    await writeFile(join(folder, repository, 'data', 'ab', 'tmp-123'), 'x')
    await writeFile(join(folder, repository, 'data', 'notes'), 'x')
    expect(await cache.list('pack')).toEqual([])
  })

  it('refuses a cache of a newer version', async () => {
    await openDiskCache({ folder, repository })
    await writeFile(join(folder, repository, 'version'), '2')
    await expect(openDiskCache({ folder, repository })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('Remove'),
    })
  })

  it('finds the caches that nobody used for 30 days', async () => {
    await openDiskCache({ folder, repository })
    const old = asId<'repository'>('cd'.repeat(32))
    await openDiskCache({ folder, repository: old })
    await mkdir(join(folder, 'restic-check-cache-123'))
    await mkdir(join(folder, 'somebody-elses'))
    const nowMs = Date.now()
    const longAgo = new Date(nowMs - 31 * 24 * 60 * 60_000)
    for (const name of [old, 'restic-check-cache-123', 'somebody-elses']) {
      await utimes(join(folder, name), longAgo, longAgo)
    }
    const unused = await unusedCaches(folder, nowMs)
    expect(unused.toSorted()).toEqual(
      [old, 'restic-check-cache-123'].map((name) => join(folder, name)).toSorted(),
    )
    await openDiskCache({ folder, repository: old })
    expect(await unusedCaches(folder, nowMs)).toEqual([join(folder, 'restic-check-cache-123')])
    await removeCache(join(folder, 'restic-check-cache-123'))
    expect(await unusedCaches(folder, nowMs)).toEqual([])
    expect(await unusedCaches(join(folder, 'nowhere'), nowMs)).toEqual([])
  })
})

describe('defaultCacheFolder', () => {
  it.each([
    [{ RESTIC_CACHE_DIR: '/c', HOME: '/h' }, 'linux', '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, 'linux', '/x/restic'],
    [{ XDG_CACHE_HOME: '', HOME: '/h' }, 'linux', '/h/.cache/restic'],
    [{ HOME: '/h' }, 'darwin', '/h/Library/Caches/restic'],
    [{ LOCALAPPDATA: '/l' }, 'win32', '/l/restic'],
    [{}, 'linux', undefined],
  ] as const)('of %o on %s is %s', (environment, platform, folder) => {
    expect(defaultCacheFolder(environment, platform)).toBe(folder)
  })
})
