import { toHex, totalLength } from '../base/bytes.ts'
import type { Cancellable, Observed } from '../base/cancel.ts'
import type {
  Backend,
  BackendLayer,
  ByteRange,
  FileHandle,
  FileInfo,
  NamedFileType,
} from './backend.ts'
import { cutRange } from './range.ts'
import { overriding } from './request.ts'
import { SharedRuns } from './shared-runs.ts'

export type CachedType = 'index' | 'snapshot' | 'pack'
type CachedFile = FileHandle & { readonly type: CachedType }

/** Where a cache keeps its copies. It may lose anything at any time and fail at anything. */
export interface CacheStore {
  /** The whole file or exactly the range; undefined when it is not here or ends before. */
  get(type: CachedType, name: string, range?: ByteRange): Promise<Uint8Array | undefined>
  put(type: CachedType, name: string, body: readonly Uint8Array[]): Promise<void>
  list(type: CachedType): Promise<readonly string[]>
  /** Removing what is not here is a success. */
  remove(type: CachedType, name: string): Promise<void>
}

/** The cache could not be used for a file; the store was asked instead. */
export interface CacheEvent {
  readonly type: 'cache'
  readonly problem: 'unreadable' | 'unwritable' | 'damaged'
  readonly file: CachedType
  readonly name: string
  readonly error: unknown
}

/** A kernel has it. */
export interface ContentHash {
  sha256(data: Uint8Array): Uint8Array
}

export interface RepositoryCache {
  /** Goes outermost, around the retries. */
  readonly layer: BackendLayer
  /**
   * Says that these packs hold trees. They are kept whole from then on: the first read of a part
   * fetches everything.
   */
  addTreePacks(names: Iterable<string>): void
  /** Drops the packs that are not in `known`, the packs of the index just loaded. */
  keepPacks(known: { has(name: string): boolean }): Promise<void>
}

/** Smaller files cost more to keep than to fetch; restic does not cache them either, bytes. */
const uncachedLengthMax = 32

/**
 * Copies of index files, snapshots and the packs that hold trees, so that a second run need not
 * fetch them. Keys, locks, the config and packs of file content are never kept. A copy is used only
 * when its hash is its name; a damaged one is dropped and fetched again. A complete listing drops
 * the copies of files that are gone. Nothing the cache does or fails to do fails a request.
 */
export function repositoryCache(
  store: CacheStore,
  hash: ContentHash,
  options: Observed<CacheEvent> = {},
): RepositoryCache {
  const copies = new Copies(store, hash, options)
  return {
    layer: (inner) => cachedBackend(inner, copies),
    addTreePacks: (names) => copies.addTreePacks(names),
    keepPacks: (known) => copies.keepOnly('pack', known),
  }
}

function cachedBackend(inner: Backend, copies: Copies): Backend {
  const fetches = new SharedRuns<Uint8Array>()

  /** All of a file, from the cache or through it; two readers at once cause one request. */
  function whole(file: CachedFile, options: Cancellable): Promise<Uint8Array> {
    return fetches.run(`${file.type}/${file.name}`, options, async (signal) => {
      const copy = await copies.load(file)
      if (copy) return copy
      const bytes = await inner.read(file, { signal })
      if (copies.mayKeep(file, bytes)) await copies.keep(file, [bytes])
      return bytes
    })
  }

  async function* list(type: NamedFileType, options?: Cancellable): AsyncGenerator<FileInfo> {
    const cached = type === 'index' || type === 'snapshot'
    // Taken before the listing: a file that is stored while it runs may be missing from it.
    const before = cached ? await copies.names(type) : []
    const listed = new Set<string>()
    for await (const info of inner.list(type, options)) {
      if (cached) listed.add(info.name)
      yield info
    }
    if (cached) await copies.keepOnly(type, listed, before)
  }

  return overriding(inner, {
    list,

    async read(file, options = {}) {
      if (!copies.wants(file)) return inner.read(file, options)
      options.signal?.throwIfAborted()
      const part = options.range && (await copies.loadPart(file, options.range))
      if (part) return part
      return cutRange(file, await whole(file, options), options.range)
    },

    async write(file, body, options) {
      await inner.write(file, body, options)
      if (copies.wants(file)) await copies.keep(file, body)
    },

    async remove(file, options) {
      await inner.remove(file, options)
      if (isCacheable(file)) await copies.drop(file)
    },
  })
}

function isCacheable(file: FileHandle): file is CachedFile {
  return file.type === 'index' || file.type === 'snapshot' || file.type === 'pack'
}

/** The store with its failures turned into events and its contents checked. */
class Copies {
  readonly #store: CacheStore
  readonly #hash: ContentHash
  readonly #report: (problem: CacheEvent['problem'], file: CachedFile, error: unknown) => void
  readonly #treePacks = new Set<string>()
  /** Packs whose copy was checked in this process: parts of it may be used. */
  readonly #checked = new Set<string>()
  /** The pack checked last: its trees are read next, and its file need not be opened for each. */
  #recent: { readonly name: string; readonly bytes: Uint8Array } | undefined

  constructor(store: CacheStore, hash: ContentHash, { onEvent }: Observed<CacheEvent>) {
    this.#store = store
    this.#hash = hash
    this.#report = (problem, file, error) =>
      onEvent?.({ type: 'cache', problem, file: file.type, name: file.name, error })
  }

  addTreePacks(names: Iterable<string>): void {
    for (const name of names) this.#treePacks.add(name)
  }

  wants(file: FileHandle): file is CachedFile {
    return isCacheable(file) && (file.type !== 'pack' || this.#treePacks.has(file.name))
  }

  /** A copy whose hash is right. */
  async load(file: CachedFile): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined
    try {
      bytes = await this.#store.get(file.type, file.name)
    } catch (error) {
      this.#report('unreadable', file, error)
    }
    if (!bytes) return undefined
    if (this.#isSound(file, bytes)) return bytes
    this.#report('damaged', file, undefined)
    await this.drop(file)
    return undefined
  }

  /**
   * Whether what the store gave is worth a copy. A damaged pack is not: it would be fetched whole for
   * each of its trees, since no copy of it would ever be right.
   */
  mayKeep(file: CachedFile, bytes: Uint8Array): boolean {
    if (file.type !== 'pack' || this.#isSound(file, bytes)) return true
    this.#treePacks.delete(file.name)
    return false
  }

  /** A part of a copy that was checked as a whole before. */
  async loadPart(file: CachedFile, range: ByteRange): Promise<Uint8Array | undefined> {
    if (!this.#checked.has(file.name)) return undefined
    const { offset, length } = range
    const { name, bytes: recent } = this.#recent ?? {}
    if (recent && name === file.name && offset + length <= recent.length) {
      return recent.subarray(offset, offset + length)
    }
    try {
      const bytes = await this.#store.get(file.type, file.name, range)
      if (bytes) return bytes
    } catch (error) {
      this.#report('unreadable', file, error)
    }
    this.#checked.delete(file.name)
    return undefined
  }

  async keep(file: CachedFile, body: readonly Uint8Array[]): Promise<void> {
    if (totalLength(body) <= uncachedLengthMax) return
    try {
      await this.#store.put(file.type, file.name, body)
    } catch (error) {
      this.#report('unwritable', file, error)
      // Fetching a whole pack for each of its trees is worse than not caching it.
      this.#treePacks.delete(file.name)
    }
  }

  async drop(file: CachedFile): Promise<void> {
    this.#checked.delete(file.name)
    if (this.#recent?.name === file.name) this.#recent = undefined
    try {
      await this.#store.remove(file.type, file.name)
    } catch (error) {
      this.#report('unwritable', file, error)
    }
  }

  async names(type: CachedType): Promise<readonly string[]> {
    try {
      return await this.#store.list(type)
    } catch (error) {
      this.#report('unreadable', { type, name: '' }, error)
      return []
    }
  }

  async keepOnly(
    type: CachedType,
    known: { has(name: string): boolean },
    candidates?: readonly string[],
  ): Promise<void> {
    for (const name of candidates ?? (await this.names(type))) {
      if (!known.has(name)) await this.drop({ type, name })
    }
  }

  /** Whether the hash is right. Parts of a pack with such a copy may be used from now on. */
  #isSound(file: CachedFile, bytes: Uint8Array): boolean {
    if (toHex(this.#hash.sha256(bytes)) !== file.name) return false
    if (file.type === 'pack') {
      this.#checked.add(file.name)
      this.#recent = { name: file.name, bytes }
    }
    return true
  }
}
