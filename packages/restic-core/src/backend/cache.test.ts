import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import {
  countingBackend,
  failOn,
  faultyBackend,
  listed,
  noise,
  sampleFile,
} from '../testing/index.ts'
import { repositoryCache, type CachedType, type CacheEvent, type CacheStore } from './cache.ts'
import { memoryBackend } from './memory.ts'
import { overriding } from './request.ts'

const keyOf = (type: CachedType, name: string): string => `${type} ${name}`
const broken = async (): Promise<never> => {
  throw new Error('disk on fire')
}

/** A cache in memory, and what it holds. */
function memoryCache(): CacheStore & { readonly held: Map<string, Uint8Array> } {
  const held = new Map<string, Uint8Array>()
  return {
    held,
    get: async (type, name, range) => {
      const bytes = held.get(keyOf(type, name))
      if (!bytes || !range) return bytes
      const end = range.offset + range.length
      return end > bytes.length ? undefined : bytes.slice(range.offset, end)
    },
    put: async (type, name, body) => void held.set(keyOf(type, name), concatBytes(body)),
    list: async (type) =>
      [...held.keys()]
        .filter((entry) => entry.startsWith(type))
        .map((entry) => entry.split(' ')[1] ?? ''),
    remove: async (type, name) => void held.delete(keyOf(type, name)),
  }
}

function setUp(store: CacheStore = memoryCache()) {
  const inner = memoryBackend()
  const counting = countingBackend(inner)
  const events: CacheEvent[] = []
  const cache = repositoryCache(store, { sha256 }, { onEvent: (event) => events.push(event) })
  return { inner, counting, events, cache, backend: cache.layer(counting) }
}

const index = sampleFile('index', [noise(500, 1)])
const snapshot = sampleFile('snapshot', [noise(300, 2)])
const treePack = sampleFile('pack', [noise(9000, 3), noise(9000, 4)])
const dataPack = sampleFile('pack', [noise(8000, 5)])

describe('repositoryCache', () => {
  it('reads index files and snapshots once', async () => {
    const { inner, counting, backend } = setUp()
    for (const { file, body, content } of [index, snapshot]) {
      await inner.write(file, body)
      for (let time = 0; time < 3; time++) expect(await backend.read(file)).toEqual(content)
      expect(counting.requests('read', file.type)).toBe(1)
    }
  })

  it('keeps what is written, after the store has it', async () => {
    const store = memoryCache()
    const { counting, backend, cache } = setUp(store)
    cache.addTreePacks([treePack.file.name])
    for (const { file, body, content } of [index, snapshot, treePack]) {
      await backend.write(file, body)
      expect(await backend.read(file)).toEqual(content)
    }
    expect(counting.requests('read')).toBe(0)
    const failing = cache.layer(faultyBackend(memoryBackend(), { write: failOn(1) }))
    const other = sampleFile('index', [noise(90, 6)])
    await expect(failing.write(other.file, other.body)).rejects.toMatchObject({ code: 'BACKEND' })
    expect(store.held.has(`index ${other.file.name}`)).toBe(false)
  })

  it('fetches a pack of trees whole for the first part, also for many parts at once', async () => {
    const { inner, counting, backend, cache } = setUp()
    await inner.write(treePack.file, treePack.body)
    cache.addTreePacks([treePack.file.name])
    const ranges = Array.from({ length: 20 }, (_, at) => ({ offset: at * 800, length: 700 }))
    const parts = await Promise.all(ranges.map((range) => backend.read(treePack.file, { range })))
    for (const range of ranges) parts.push(await backend.read(treePack.file, { range }))
    expect(parts).toEqual(
      [...ranges, ...ranges].map(({ offset, length }) =>
        treePack.content.slice(offset, offset + length),
      ),
    )
    expect(counting.counts()).toEqual({ 'read pack': { requests: 1, bytes: 18_000 } })
    const range = { offset: 17_999, length: 2 }
    const beyond = backend.read(treePack.file, { range })
    await expect(beyond).rejects.toMatchObject({ reason: 'short-read' })
  })

  it('never keeps packs of content, keys, locks, the config, and tiny files', async () => {
    const store = memoryCache()
    const { inner, backend } = setUp(store)
    const tiny = sampleFile('snapshot', [noise(32, 7)])
    const key = sampleFile('key', [noise(400, 8)])
    const lock = sampleFile('lock', [noise(200, 9)])
    for (const { file, body, content } of [dataPack, key, lock, tiny]) {
      await backend.write(file, body)
      expect(await backend.read(file)).toEqual(content)
    }
    await inner.write({ type: 'config' }, [noise(155, 10)])
    await backend.read({ type: 'config' })
    await backend.read(dataPack.file, { range: { offset: 5, length: 10 } })
    expect([...store.held.keys()]).toEqual([])
  })

  it('drops a damaged copy and fetches the file again', async () => {
    const store = memoryCache()
    for (const sample of [index, treePack]) {
      for (const damage of [noise(500, 11), new Uint8Array(), sample.content.slice(0, 400)]) {
        const { inner, counting, backend, cache, events } = setUp(store)
        cache.addTreePacks([treePack.file.name])
        await inner.write(sample.file, sample.body)
        store.held.set(`${sample.file.type} ${sample.file.name}`, damage)
        const range = { offset: 100, length: 50 }
        expect(await backend.read(sample.file, { range })).toEqual(sample.content.slice(100, 150))
        expect(await backend.read(sample.file)).toEqual(sample.content)
        expect(counting.requests('read')).toBe(1)
        expect(events).toMatchObject([{ problem: 'damaged', name: sample.file.name }])
      }
    }
  })

  it('gives out what the store has when that is damaged, and heals with it', async () => {
    const { counting, cache } = setUp()
    const rotten = cache.layer(overriding(counting, { read: async () => noise(500, 12) }))
    expect(await rotten.read(index.file)).toEqual(noise(500, 12))
    await counting.write(index.file, index.body)
    expect(await cache.layer(counting).read(index.file)).toEqual(index.content)
  })

  it('asks for parts of a pack that is damaged in the store, and keeps no copy of it', async () => {
    const store = memoryCache()
    const { counting, cache, events } = setUp(store)
    const damaged = treePack.content.slice()
    damaged[17_000] = (damaged[17_000] as number) ^ 1
    await counting.write({ type: 'pack', name: treePack.file.name }, [damaged])
    cache.addTreePacks([treePack.file.name])
    const backend = cache.layer(counting)
    const range = { offset: 100, length: 50 }
    counting.reset()
    for (let time = 0; time < 3; time++) {
      expect(await backend.read(treePack.file, { range })).toEqual(damaged.slice(100, 150))
    }
    expect(counting.counts()).toEqual({ 'read pack': { requests: 3, bytes: 18_100 } })
    expect(store.held.size).toBe(0)
    expect(events).toEqual([])
  })

  it('drops what a complete listing does not show, and nothing for a listing that was left', async () => {
    const store = memoryCache()
    const { inner, backend, cache } = setUp(store)
    const other = sampleFile('index', [noise(500, 13)])
    cache.addTreePacks([treePack.file.name])
    for (const { file, body } of [index, other, snapshot, treePack]) await backend.write(file, body)
    await inner.remove(other.file)
    for await (const info of backend.list('index')) {
      expect(info.name).toBe(index.file.name)
      break
    }
    expect(store.held.has(`index ${other.file.name}`)).toBe(true)
    expect(await listed(backend, 'index')).toHaveLength(1)
    const held = (): string[] => [...store.held.keys()].toSorted()
    const all = [index, snapshot, treePack].map(({ file }) => `${file.type} ${file.name}`)
    expect(held()).toEqual(all.toSorted())
    await listed(backend, 'pack')
    expect(held()).toEqual(all.toSorted())
    await cache.keepPacks(new Set())
    expect(held()).toEqual(all.slice(0, 2).toSorted())
  })

  it('keeps a file that was stored while a listing ran', async () => {
    const store = memoryCache()
    const { inner, backend, cache } = setUp(store)
    await inner.write(index.file, index.body)
    const late = sampleFile('index', [noise(500, 14)])
    for await (const info of backend.list('index')) {
      expect(info.name).toBe(index.file.name)
      await cache.layer(memoryBackend()).write(late.file, late.body)
    }
    expect(store.held.has(`index ${late.file.name}`)).toBe(true)
  })

  it('removes the copy with the file', async () => {
    const store = memoryCache()
    const { backend } = setUp(store)
    await backend.write(index.file, index.body)
    await backend.remove(index.file)
    expect(store.held.size).toBe(0)
    await expect(backend.read(index.file)).rejects.toMatchObject({ reason: 'not-found' })
  })

  it('works without a cache that fails at everything', async () => {
    const store: CacheStore = { get: broken, put: broken, list: broken, remove: broken }
    const { backend, cache, counting, events } = setUp(store)
    cache.addTreePacks([treePack.file.name])
    for (const { file, body, content } of [index, treePack]) {
      await backend.write(file, body)
      expect(await backend.read(file)).toEqual(content)
    }
    const range = { offset: 100, length: 50 }
    counting.reset()
    for (let time = 0; time < 3; time++) await backend.read(treePack.file, { range })
    expect(counting.bytes('read', 'pack')).toBe(150)
    expect(await listed(backend, 'index')).toHaveLength(1)
    await cache.keepPacks(new Set())
    await backend.remove(index.file)
    expect(new Set(events.map(({ problem }) => problem))).toEqual(
      new Set(['unreadable', 'unwritable']),
    )
  })

  it('works with a cache that loses everything', async () => {
    const store: CacheStore = { ...memoryCache(), get: async () => undefined, list: async () => [] }
    const { backend, cache } = setUp(store)
    cache.addTreePacks([treePack.file.name])
    await backend.write(treePack.file, treePack.body)
    for (const offset of [0, 50, 9000]) {
      const part = await backend.read(treePack.file, { range: { offset, length: 20 } })
      expect(part).toEqual(treePack.content.slice(offset, offset + 20))
    }
  })

  it('lets one reader of a pack leave without taking the others with it', async () => {
    const { inner, cache } = setUp()
    await inner.write(treePack.file, treePack.body)
    cache.addTreePacks([treePack.file.name])
    const asked = Promise.withResolvers<AbortSignal | undefined>()
    const release = Promise.withResolvers<void>()
    const slow = overriding(inner, {
      read: async (file, options) => {
        asked.resolve(options?.signal)
        await release.promise
        options?.signal?.throwIfAborted()
        return inner.read(file, options)
      },
    })
    const backend = cache.layer(slow)
    const range = { offset: 0, length: 10 }
    const leaving = new AbortController()
    const left = backend.read(treePack.file, { range, signal: leaving.signal })
    const stays = backend.read(treePack.file, { range })
    const given = await asked.promise
    leaving.abort(new Error('stop it'))
    await expect(left).rejects.toThrow('stop it')
    expect(given?.aborted).toBe(false)
    release.resolve()
    expect(await stays).toEqual(treePack.content.slice(0, 10))
  })
})
