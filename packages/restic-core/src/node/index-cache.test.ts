import { mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { IndexId } from '../base/id.ts'
import type { IndexColumns } from '../format/index-file.ts'
import { noise } from '../testing/sample-files.ts'
import { withFlippedBit } from '../testing/stored-files.ts'
import { nodeIndexCache } from './index-cache.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'index-cache-'))
  path = join(folder, 'repository', 'index-columns')
})
afterEach(() => rm(folder, { recursive: true }))

function columns(packCount: number, count: number, seed: number): IndexColumns {
  return {
    packs: noise(packCount * 32, seed),
    ids: noise(count * 32, seed + 1),
    pack: Uint32Array.from({ length: count }, (_, row) => row % packCount),
    offset: Uint32Array.from({ length: count }, (_, row) => 0xffff_ffff - row),
    length: Uint32Array.from({ length: count }, (_, row) => row + 32),
    uncompressedLength: Uint32Array.from({ length: count }, (_, row) => row * 2),
    types: Uint8Array.from({ length: count }, (_, row) => row & 1),
  }
}

const files = new Map<IndexId, IndexColumns>([
  ['0a'.repeat(32) as IndexId, columns(3, 70, 1)],
  ['0b'.repeat(32) as IndexId, columns(1, 1, 5)],
  ['0c'.repeat(32) as IndexId, columns(2, 0, 9)],
])

/** As plain numbers: a Buffer and a Uint8Array with the same bytes are the same here. */
function plain(loaded: ReadonlyMap<IndexId, IndexColumns>): unknown {
  return [...loaded].map(([id, value]) => [
    id,
    Object.entries(value).map(([name, column]) => [name, Array.from(column as Uint8Array)]),
  ])
}

describe('nodeIndexCache', () => {
  it('gives back what was saved, and replaces it', async () => {
    const cache = nodeIndexCache(path)
    await cache.save(files)
    expect(plain(await nodeIndexCache(path).load())).toEqual(plain(files))
    await cache.save(new Map([...files].slice(1)))
    expect((await cache.load()).size).toBe(2)
    expect(await readdir(join(folder, 'repository'))).toEqual(['index-columns'])
  })

  it('is readable by its owner alone', async () => {
    await nodeIndexCache(path).save(files)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'repository'))).mode & 0o777).toBe(0o700)
  })

  it('has nothing before the first time', async () => {
    expect((await nodeIndexCache(path).load()).size).toBe(0)
  })

  it('has nothing when a single bit is wrong, or a part is missing', async () => {
    const cache = nodeIndexCache(path)
    await cache.save(files)
    const whole = new Uint8Array(await readFile(path))
    for (let at = 0; at < whole.length; at += 97) {
      await writeFile(path, withFlippedBit(whole, at))
      expect((await cache.load()).size).toBe(0)
    }
    for (const length of [0, 7, 39, 40, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length))
      expect((await cache.load()).size).toBe(0)
    }
  })

  it('has nothing when columns do not fit together', async () => {
    const cache = nodeIndexCache(path)
    const good = columns(2, 4, 3)
    const id = '0d'.repeat(32) as IndexId
    for (const wrong of [
      { ids: good.ids.subarray(1) },
      { packs: good.packs.subarray(1) },
      { pack: Uint32Array.of(0, 1, 2, 0) },
      { offset: good.offset.subarray(1) },
      { types: new Uint32Array(4) as never },
    ]) {
      await cache.save(new Map([[id, { ...good, ...wrong }]]))
      expect((await cache.load()).size).toBe(0)
    }
    await cache.save(new Map([[id, good]]))
    expect((await cache.load()).size).toBe(1)
  })

  it('clears away what a killed process left a day ago', async () => {
    const cache = nodeIndexCache(path)
    await cache.save(files)
    const [old, young] = [`${path}.tmp-1-1`, `${path}.tmp-2-2`]
    await writeFile(old, 'x')
    await writeFile(young, 'x')
    const longAgo = Date.now() / 1000 - 25 * 60 * 60
    await utimes(old, longAgo, longAgo)
    await cache.save(files)
    expect((await readdir(join(folder, 'repository'))).toSorted()).toEqual([
      'index-columns',
      'index-columns.tmp-2-2',
    ])
  })
})
