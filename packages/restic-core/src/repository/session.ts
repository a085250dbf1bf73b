import type { Cancellable } from '../base/cancel.ts'
import type { BlobId, IndexId, KeyId, PackId, SnapshotId, TreeId } from '../base/id.ts'
import type { FileInfo, ReadOptions } from '../backend/backend.ts'
import type { RepositoryConfig } from '../format/config.ts'
import type { IndexColumns } from '../format/index-file.ts'
import type { Node } from '../format/node.ts'
import type { BlobType } from '../format/pack-header.ts'
import type { MasterKey } from '../format/seal.ts'
import { type Snapshot, formatSnapshot } from '../format/snapshot.ts'
import type { Runtime } from '../work/runtime.ts'
import type {
  BlobWriter,
  IndexedRepository,
  LoadIndexOptions,
  LockOptions,
  Repository,
  RepositoryLock,
  SnapshotFilter,
  StoredSnapshot,
  WritingOptions,
} from './api.ts'
import { PackedBlobReader } from './blobs/reader.ts'
import { writing } from './blobs/writing.ts'
import type { RepositoryFiles, SealedFileType, SmallFile } from './files.ts'
import { BlobIndex } from './index/blob-index.ts'
import { isWorthSaving } from './index/index-cache.ts'
import { loadIndexFiles } from './index/load.ts'
import { type SaveIndexOptions, saveIndexFile } from './index/save.ts'
import { acquireLock } from './locks/acquire.ts'
import type { LockMode } from './locks/lock-store.ts'
import type { SessionParts } from './session-parts.ts'
import {
  type ListSnapshotsOptions,
  findSnapshot,
  listSnapshots,
  loadSnapshot,
} from './snapshots.ts'

/** What is common to all that is done with an opened repository. Verbs are functions elsewhere. */
export class RepositorySession implements Repository {
  readonly location: string
  readonly config: RepositoryConfig
  readonly keyId: KeyId
  readonly masterKey: MasterKey
  readonly runtime: Runtime
  readonly connections: number
  readonly files: RepositoryFiles
  protected readonly parts: SessionParts

  constructor(parts: SessionParts) {
    this.parts = parts
    this.location = parts.backend.location
    this.config = parts.config
    this.keyId = parts.key.keyId
    this.masterKey = parts.key.masterKey
    this.runtime = parts.runtime
    this.connections = parts.backend.traits.connections
    this.files = parts.files
  }

  listFiles(
    type: 'key' | 'lock' | 'snapshot' | 'index' | 'pack',
    options?: Cancellable,
  ): AsyncIterable<FileInfo> {
    return this.files.list(type, options)
  }

  loadRaw(type: SmallFile['type'], name = '', options?: Cancellable): Promise<Uint8Array> {
    return this.files.loadRaw(type === 'config' ? { type } : { type, name }, options)
  }

  loadFile(type: SealedFileType, id: string, options?: Cancellable): Promise<Uint8Array> {
    return this.files.load(type, id, options)
  }

  snapshots(options?: ListSnapshotsOptions): AsyncIterable<StoredSnapshot> {
    return listSnapshots(this, options)
  }

  loadSnapshot(id: SnapshotId, options?: Cancellable): Promise<StoredSnapshot> {
    return loadSnapshot(this.files, id, options)
  }

  findSnapshot(
    text: string,
    filter?: SnapshotFilter,
    options?: Cancellable,
  ): Promise<StoredSnapshot> {
    return findSnapshot(this, text, filter, options)
  }

  async saveSnapshot(snapshot: Snapshot, options?: Cancellable): Promise<SnapshotId> {
    return this.files.save('snapshot', formatSnapshot(snapshot), options)
  }

  removeSnapshot(id: SnapshotId, options?: Cancellable): Promise<void> {
    return this.files.remove('snapshot', id, options)
  }

  async lock(mode: LockMode, options?: LockOptions): Promise<RepositoryLock> {
    const { timer, gate, locks } = this.parts
    const context = {
      files: this.files,
      runtime: this.runtime,
      connections: this.connections,
      timer,
    }
    const lock = await acquireLock(context, gate, mode, options)
    locks.add(lock)
    return lock
  }

  async loadIndex({ onColumns, ...options }: LoadIndexOptions = {}): Promise<IndexedRepository> {
    const { indexCache, fileCache } = this.parts
    const { files, cached } = await loadIndexFiles(this, { ...options, cache: indexCache })
    for (const columns of files.values()) onColumns?.(columns)
    if (indexCache && isWorthSaving(files, cached)) this.parts.keep(indexCache.save(files))
    const index = BlobIndex.of([...files.values()])
    if (fileCache) {
      fileCache.addTreePacks(index.treePacks())
      await fileCache.keepPacks(new Set<string>(index.packs()))
    }
    return new IndexedSession(this.parts, index, [...files.keys()])
  }

  /** Releases the locks that are still held, then the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.parts.release()
  }
}

/** A session that can look blobs up, read them and store new ones. */
class IndexedSession extends RepositorySession implements IndexedRepository {
  readonly index: BlobIndex
  readonly indexIds: readonly IndexId[]
  readonly #reader: PackedBlobReader
  #isWriting = false

  constructor(parts: SessionParts, index: BlobIndex, indexIds: readonly IndexId[]) {
    super(parts)
    this.index = index
    this.indexIds = indexIds
    const { backend, uncached, runtime } = parts
    const { kernel } = runtime
    this.#reader = new PackedBlobReader({
      index,
      backend,
      uncached,
      kernel,
      masterKey: this.masterKey,
    })
  }

  readBlob(type: BlobType, id: BlobId, options?: Cancellable): Promise<Uint8Array> {
    return this.#reader.readBlob(type, id, options)
  }

  readTree(id: TreeId, options?: Cancellable): Promise<readonly Node[]> {
    return this.#reader.readTree(id, options)
  }

  readPack(id: PackId, options?: ReadOptions): Promise<Uint8Array> {
    return this.#reader.readPack(id, options)
  }

  async writing<T>(work: (blobs: BlobWriter) => Promise<T>, options?: WritingOptions): Promise<T> {
    // What one work has on its way the other would take for stored, also if it is dropped then.
    if (this.#isWriting)
      throw new TypeError('this session is writing already; load the index again')
    const { backend, fileCache } = this.parts
    const { runtime, config, masterKey, index } = this
    const saveIndex = (columns: IndexColumns, saveOptions: SaveIndexOptions): Promise<IndexId> =>
      saveIndexFile(this.files, columns, saveOptions)
    const onTreePack = (pack: PackId): void => fileCache?.addTreePacks([pack])
    const context = { backend, runtime, config, masterKey, index, saveIndex, onTreePack }
    this.#isWriting = true
    try {
      return await writing(context, work, options)
    } finally {
      this.#isWriting = false
    }
  }
}
