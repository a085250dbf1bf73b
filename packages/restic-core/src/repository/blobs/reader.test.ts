import { beforeAll, describe, expect, it } from 'vitest'
import type { BlobId, PackId } from '../../base/id.ts'
import type { Backend } from '../../backend/backend.ts'
import type { CacheStore } from '../../backend/cache.ts'
import { type MemoryBackend, memoryBackend } from '../../backend/memory.ts'
import { formatTree } from '../../format/tree.ts'
import { countingBackend } from '../../testing/counting-backend.ts'
import { failOn, faultyBackend } from '../../testing/faulty-backend.ts'
import { noise } from '../../testing/sample-files.ts'
import { withFlippedBit } from '../../testing/stored-files.ts'
import { testRepository } from '../../testing/test-repository.ts'
import { testRuntime } from '../../testing/test-runtime.ts'
import type { IndexedRepository, OpenOptions, Repository } from '../api.ts'
import { openRepository } from '../open.ts'

const content = noise(5000, 4)
const emptyTree = formatTree([])

let made: Repository
let files: ReadonlyMap<string, Uint8Array>
let dataId: BlobId
let treeId: BlobId
beforeAll(async () => {
  const store = memoryBackend()
  made = await testRepository({ backend: store })
  const repository = await made.loadIndex()
  await repository.writing(async (blobs) => {
    dataId = (await blobs.saveBlob('data', content)).id
    treeId = (await blobs.saveBlob('tree', emptyTree)).id
  })
  // A second writer that did not know of the first: the data blob is in two packs.
  await (await open(memoryBackend({ files: store.files() }))).readBlob('data', dataId)
  const copy = memoryBackend({ files: withoutIndex(store.files()) })
  await (await open(copy, 77)).writing(async (blobs) => blobs.saveBlob('data', content))
  files = new Map([...store.files(), ...copy.files()])
})

function withoutIndex(stored: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...stored].filter(([path]) => !path.startsWith('index/')))
}

async function open(
  backend: Backend,
  seed = 5,
  options: Partial<OpenOptions> = {},
): Promise<IndexedRepository> {
  const { keyId, masterKey } = made
  const runtime = await testRuntime({ seed })
  const password = { keyId, masterKey }
  return (await openRepository({ backend, runtime, password, ...options })).loadIndex()
}

/** The repository with some packs changed; undefined takes one away. */
function damaged(
  packs: readonly PackId[],
  change: (pack: Uint8Array) => Uint8Array | undefined,
): MemoryBackend {
  const changed = new Map(files)
  for (const pack of packs) {
    const path = `data/${pack.slice(0, 2)}/${pack}`
    const bytes = change(changed.get(path) as Uint8Array)
    if (bytes) changed.set(path, bytes)
    else changed.delete(path)
  }
  return memoryBackend({ files: changed })
}

async function packsOf(type: 'data' | 'tree', id: BlobId): Promise<PackId[]> {
  const { index } = await open(memoryBackend({ files }))
  return index.findAll(type, id).map(({ pack }) => pack)
}

describe('readBlob', () => {
  it('reads what was stored, by one range', async () => {
    const backend = countingBackend(memoryBackend({ files }))
    const repository = await open(backend)
    backend.reset()
    expect(await repository.readBlob('data', dataId)).toEqual(content)
    expect(backend.requests('read')).toBe(1)
    expect(backend.bytes('read', 'pack')).toBeLessThan(content.length + 64)
  })

  it('tells the type apart', async () => {
    const repository = await open(memoryBackend({ files }))
    await expect(repository.readBlob('tree', dataId)).rejects.toMatchObject({
      code: 'MISSING',
      what: `tree blob ${dataId.slice(0, 8)}`,
    })
  })

  it('takes another copy when one is damaged, short or gone', async () => {
    const packs = await packsOf('data', dataId)
    expect(packs).toHaveLength(2)
    for (const pack of packs) {
      for (const change of [
        (bytes: Uint8Array) => withFlippedBit(bytes, 1000),
        (bytes: Uint8Array) => bytes.slice(0, 500),
        () => undefined,
      ]) {
        const repository = await open(damaged([pack], change))
        expect(await repository.readBlob('data', dataId)).toEqual(content)
      }
    }
  })

  it('names pack and blob when no copy is good', async () => {
    const packs = await packsOf('data', dataId)
    const what = expect.stringMatching(
      new RegExp(
        `^pack (${packs.map((pack) => pack.slice(0, 8)).join('|')}) blob ${dataId.slice(0, 8)}$`,
      ),
    ) as unknown
    const flipped = await open(damaged(packs, (bytes) => withFlippedBit(bytes, 1000)))
    await expect(flipped.readBlob('data', dataId)).rejects.toMatchObject({
      code: 'CORRUPT',
      check: 'mac',
      what,
    })
    const short = await open(damaged(packs, (bytes) => bytes.slice(0, 500)))
    await expect(short.readBlob('data', dataId)).rejects.toMatchObject({
      code: 'CORRUPT',
      check: 'length',
      what,
    })
    const gone = await open(damaged(packs, () => undefined))
    await expect(gone.readBlob('data', dataId)).rejects.toMatchObject({ code: 'MISSING', what })
  })

  it('notices every single bit of a blob that is wrong', async () => {
    const [pack] = (await packsOf('tree', treeId)) as [PackId]
    const { index } = await open(memoryBackend({ files }))
    const { offset, length } = index.find('tree', treeId) as { offset: number; length: number }
    for (let at = offset; at < offset + length; at++) {
      const repository = await open(damaged([pack], (bytes) => withFlippedBit(bytes, at)))
      await expect(repository.readBlob('tree', treeId)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  it('reads once more after a disturbed transfer', async () => {
    const backend = faultyBackend(memoryBackend({ files }), {
      read: { pack: failOn(1, 'short-read') },
    })
    const repository = await open(backend)
    expect(await repository.readBlob('tree', treeId)).toEqual(emptyTree)
  })

  it('stops when told', async () => {
    const repository = await open(memoryBackend({ files }))
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(repository.readBlob('data', dataId, { signal })).rejects.toThrow('enough')
  })
})

describe('readTree', () => {
  it('reads a tree once, however often it is asked for', async () => {
    const backend = countingBackend(memoryBackend({ files }))
    const repository = await open(backend)
    backend.reset()
    expect(await repository.readTree(treeId)).toEqual([])
    expect(await repository.readTree(treeId)).toEqual([])
    expect(backend.requests('read')).toBe(1)
  })

  it('names a tree that is no tree', async () => {
    const store = memoryBackend({ files })
    const repository = await open(store, 6)
    const text = new TextEncoder().encode('{"nodes":7}\n')
    const { id } = await repository.writing((blobs) => blobs.saveBlob('tree', text))
    await expect(repository.readTree(id)).rejects.toMatchObject({
      code: 'CORRUPT',
      what: `tree ${id.slice(0, 8)}`,
    })
  })
})

describe('readPack', () => {
  it('gives the whole pack or a range of it, unchecked', async () => {
    const [pack] = (await packsOf('data', dataId)) as [PackId]
    const repository = await open(memoryBackend({ files }))
    const whole = await repository.readPack(pack)
    expect(whole).toEqual(files.get(`data/${pack.slice(0, 2)}/${pack}`))
    const range = { offset: 3, length: 10 }
    expect(await repository.readPack(pack, { range })).toEqual(whole.slice(3, 13))
  })

  it('names a pack that is not there', async () => {
    const repository = await open(memoryBackend({ files }))
    await expect(repository.readPack('00'.repeat(32) as PackId)).rejects.toMatchObject({
      code: 'MISSING',
      what: 'pack 00000000',
    })
  })
})

function memoryCache(): CacheStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    async get(type, name, range) {
      const bytes = kept.get(`${type}/${name}`)
      if (!bytes || !range) return bytes?.slice()
      const part = bytes.slice(range.offset, range.offset + range.length)
      return part.length === range.length ? part : undefined
    },
    put: async (type, name, body) => void kept.set(`${type}/${name}`, Buffer.concat(body)),
    list: async (type) =>
      [...kept.keys()]
        .filter((key) => key.startsWith(`${type}/`))
        .map((key) => key.slice(type.length + 1)),
    remove: async (type, name) => void kept.delete(`${type}/${name}`),
  }
}

describe('a session with a cache of files', () => {
  it('keeps index files and packs of trees, and asks the store no more', async () => {
    const cache = memoryCache()
    const first = await open(memoryBackend({ files }), 5, { cache: () => ({ files: cache }) })
    await first.readTree(treeId)
    await first.readBlob('data', dataId)
    const [treePack] = (await packsOf('tree', treeId)) as [PackId]
    const packsKept = [...cache.kept.keys()].filter((key) => key.startsWith('pack/'))
    expect(packsKept).toEqual([`pack/${treePack}`])

    const backend = countingBackend(memoryBackend({ files }))
    const second = await open(backend, 5, { cache: () => ({ files: cache }) })
    await second.readTree(treeId)
    expect(backend.requests('read', 'index')).toBe(0)
    expect(backend.requests('read', 'pack')).toBe(0)
  })

  it('keeps the packs of trees that it writes', async () => {
    const cache = memoryCache()
    const store = memoryBackend({ files })
    const writer = await open(store, 6, { cache: () => ({ files: cache }) })
    const text = new TextEncoder().encode('{"nodes":[]} \n')
    const { id } = await writer.writing(async (blobs) => {
      await blobs.saveBlob('data', noise(100, 8))
      return blobs.saveBlob('tree', text)
    })
    expect([...cache.kept.keys()].filter((key) => key.startsWith('pack/'))).toHaveLength(1)
    const backend = countingBackend(store)
    const reader = await open(backend, 7, { cache: () => ({ files: cache }) })
    expect(await reader.readTree(id)).toEqual([])
    expect(backend.requests('read', 'pack')).toBe(0)
  })

  it('reads past a copy that went bad after it was checked', async () => {
    const cache = memoryCache()
    const repository = await open(memoryBackend({ files }), 5, { cache: () => ({ files: cache }) })
    expect(await repository.readBlob('tree', treeId)).toEqual(emptyTree)
    for (const [key, bytes] of cache.kept) cache.kept.set(key, withFlippedBit(bytes, 20))
    expect(await repository.readBlob('tree', treeId)).toEqual(emptyTree)
  })

  it('drops packs that the index names no more', async () => {
    const cache = memoryCache()
    cache.kept.set(`pack/${'00'.repeat(32)}`, new Uint8Array(100))
    await open(memoryBackend({ files }), 5, { cache: () => ({ files: cache }) })
    expect([...cache.kept.keys()].some((key) => key.startsWith('pack/00'))).toBe(false)
  })
})
