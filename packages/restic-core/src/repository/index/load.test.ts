import { beforeAll, describe, expect, it } from 'vitest'
import type { BlobId, IndexId, PackId } from '../../base/id.ts'
import { type MemoryBackend, memoryBackend } from '../../backend/memory.ts'
import { type IndexedPack, indexColumns } from '../../format/index-writer.ts'
import { packColumns } from '../../format/pack-columns.ts'
import { countingBackend } from '../../testing/counting-backend.ts'
import { failOn, faultyBackend } from '../../testing/faulty-backend.ts'
import { withFlippedBit } from '../../testing/stored-files.ts'
import { testRepository } from '../../testing/test-repository.ts'
import { testRuntime } from '../../testing/test-runtime.ts'
import type { Backend } from '../../backend/backend.ts'
import type { IndexEvent, IndexedRepository, OpenOptions, Repository } from '../api.ts'
import { openRepository } from '../open.ts'
import type { IndexCache, IndexFiles } from './index-cache.ts'
import { saveIndexFile } from './save.ts'

const packA = 'aa'.repeat(32) as PackId
const packB = 'bb'.repeat(32) as PackId
const blob = (digits: string): BlobId => digits.repeat(32) as BlobId

const first: IndexedPack = {
  id: packA,
  blobs: packColumns([
    { type: 'data', id: blob('01'), offset: 0, length: 100, uncompressedLength: 0 },
    { type: 'tree', id: blob('02'), offset: 100, length: 50, uncompressedLength: 200 },
  ]),
}
const second: IndexedPack = {
  id: packB,
  blobs: packColumns([
    { type: 'data', id: blob('01'), offset: 7, length: 100, uncompressedLength: 0 },
  ]),
}

let store: MemoryBackend
let made: Repository
beforeAll(async () => {
  store = memoryBackend()
  made = await testRepository({ backend: store })
})

/** A copy of the repository with these index files. */
async function storeWith(...files: readonly (readonly IndexedPack[])[]): Promise<{
  readonly copy: MemoryBackend
  readonly ids: readonly IndexId[]
}> {
  const copy = memoryBackend({ files: store.files() })
  const repository = await open(copy)
  const ids: IndexId[] = []
  for (const packs of files) ids.push(await saveIndexFile(repository.files, indexColumns(packs)))
  return { copy, ids }
}

async function open(backend: Backend, options: Partial<OpenOptions> = {}): Promise<Repository> {
  const { keyId, masterKey } = made
  const runtime = await testRuntime({ seed: 5 })
  return openRepository({ backend, runtime, password: { keyId, masterKey }, ...options })
}

const load = async (backend: Backend): Promise<IndexedRepository> =>
  (await open(backend)).loadIndex()

function randomHex(seed: number): string {
  let state = seed + 1
  let text = ''
  while (text.length < 64) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += state.toString(16).padStart(8, '0')
  }
  return text
}

function memoryCache(kept: IndexFiles = new Map()): IndexCache & {
  readonly saves: IndexFiles[]
} {
  const saves: IndexFiles[] = []
  return {
    saves,
    load: async () => saves.at(-1) ?? kept,
    save: async (files) => void saves.push(files),
  }
}

async function loadWith(
  backend: Backend,
  indexCache: IndexCache,
  onEvent = (_event: unknown): void => undefined,
): Promise<IndexedRepository> {
  const repository = await open(backend, { cache: () => ({ index: indexCache, onEvent }) })
  const indexed = await repository.loadIndex()
  await indexed[Symbol.asyncDispose]()
  return indexed
}

describe('loadIndex', () => {
  it('finds nothing in a new repository', async () => {
    const { index, indexIds } = await load(memoryBackend({ files: store.files() }))
    expect(index.count).toBe(0)
    expect(indexIds).toEqual([])
    expect(index.has('data', blob('01'))).toBe(false)
  })

  it('takes all index files together, each pack once', async () => {
    const { copy, ids } = await storeWith([first], [first, second], [])
    const { index, indexIds } = await load(copy)
    expect(new Set(indexIds)).toEqual(new Set(ids))
    expect(index.count).toBe(3)
    expect([...index.packs()].toSorted()).toEqual([packA, packB])
    expect(index.findAll('data', blob('01')).map(({ pack, offset }) => [pack, offset])).toEqual(
      expect.arrayContaining([
        [packA, 0],
        [packB, 7],
      ]),
    )
    expect(index.find('tree', blob('02'))).toEqual({
      pack: packA,
      offset: 100,
      length: 50,
      uncompressedLength: 200,
    })
    expect(index.has('data', blob('02'))).toBe(false)
    expect([...index.treePacks()]).toEqual([packA])
  })

  it('tells how far it is', async () => {
    const { copy } = await storeWith([first], [second])
    const events: IndexEvent[] = []
    const onEvent = (event: IndexEvent): void => void events.push(event)
    await (await open(copy)).loadIndex({ onEvent })
    expect(events.map(({ done, total }) => [done, total])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ])
  })

  it('costs one listing and one read for each file', async () => {
    const { copy } = await storeWith([first], [second])
    const backend = countingBackend(copy)
    const repository = await open(backend)
    backend.reset()
    await repository.loadIndex()
    expect(backend.requests('list')).toBe(1)
    expect(backend.requests('read')).toBe(2)
  })

  it('names a damaged file', async () => {
    const { copy, ids } = await storeWith([first], [second])
    const files = copy.files()
    const path = `index/${ids[1]}`
    files.set(path, withFlippedBit(files.get(path) as Uint8Array))
    await expect(load(memoryBackend({ files }))).rejects.toMatchObject({
      code: 'CORRUPT',
      what: `index ${ids[1]?.slice(0, 8)}`,
    })
  })

  it('names a file that vanishes', async () => {
    const { copy } = await storeWith([first])
    const backend = faultyBackend(copy, { read: { index: failOn(1, 'not-found') } })
    await expect(load(backend)).rejects.toMatchObject({
      code: 'MISSING',
      what: expect.stringMatching(/^index [0-9a-f]{8}$/) as unknown,
    })
  })

  it('refuses compressed blobs in a repository of version 1', async () => {
    const copy = memoryBackend()
    const repository = await testRepository({ backend: copy, version: 1 })
    const id = await saveIndexFile(repository.files, indexColumns([first]))
    await expect(repository.loadIndex()).rejects.toMatchObject({
      code: 'CORRUPT',
      what: `index ${id.slice(0, 8)}`,
      check: 'value',
    })
  })

  it('reads large files in jobs, with the same result', async () => {
    // A blob takes 32 random bytes, so this is more than is read without a job.
    const packs = Array.from({ length: 80 }, (_, pack): IndexedPack => ({
      id: `${String(pack).padStart(4, '0')}${'c'.repeat(60)}` as PackId,
      blobs: packColumns(
        Array.from({ length: 1000 }, (__, n) => ({
          type: 'data',
          id: randomHex(pack * 1000 + n) as BlobId,
          offset: n * 50,
          length: 50,
          uncompressedLength: 0,
        })),
      ),
    }))
    const { copy } = await storeWith(packs)
    let jobs = 0
    const runtime = await testRuntime({ seed: 5 })
    const { pool } = runtime
    const counted: typeof pool = {
      size: 1,
      isIdle: true,
      prepare() {},
      run: (kind, ...rest) => {
        jobs++
        return pool.run(kind, ...rest)
      },
      [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
    }
    const repository = await open(copy, { runtime: { ...runtime, pool: counted } })
    const { index } = await repository.loadIndex()
    expect(jobs).toBe(1)
    expect(index.count).toBe(80_000)
    expect(index.find('data', randomHex(79_999) as BlobId)).toMatchObject({ offset: 999 * 50 })
  })
})

describe('loadIndex with a cache', () => {
  it('reads no file a second time', async () => {
    const { copy } = await storeWith([first], [second])
    const cache = memoryCache()
    const once = await loadWith(copy, cache)
    const backend = countingBackend(copy)
    const twice = await loadWith(backend, cache)
    expect(backend.requests('read', 'index')).toBe(0)
    expect(twice.index.table.columns()).toEqual(once.index.table.columns())
    expect(cache.saves).toHaveLength(1)
  })

  it('reads only what is new, and leaves out what is gone', async () => {
    const { copy, ids } = await storeWith([first])
    const cache = memoryCache()
    await loadWith(copy, cache)
    const repository = await open(copy)
    await saveIndexFile(repository.files, indexColumns([second]))
    const backend = countingBackend(copy)
    expect((await loadWith(backend, cache)).index.count).toBe(3)
    expect(backend.requests('read', 'index')).toBe(1)
    await copy.remove({ type: 'index', name: ids[0] as string })
    const { index } = await loadWith(copy, cache)
    expect(index.count).toBe(1)
    expect(index.has('tree', blob('02'))).toBe(false)
  })

  it('tells that the cache could not be written, and works on', async () => {
    const { copy } = await storeWith([first])
    const failure = new Error('disk full')
    const cache: IndexCache = { load: async () => new Map(), save: () => Promise.reject(failure) }
    const events: unknown[] = []
    const { index } = await loadWith(copy, cache, (event) => events.push(event))
    expect(index.count).toBe(2)
    expect(events).toMatchObject([{ type: 'cache', problem: 'unwritable', error: failure }])
  })
})
