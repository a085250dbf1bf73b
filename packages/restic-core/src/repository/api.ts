import type { Cancellable, Observed } from '../base/cancel.ts'
import type { LockHolder } from '../base/errors.ts'
import type {
  BlobId,
  IndexId,
  KeyId,
  LockId,
  PackId,
  RepositoryId,
  SnapshotId,
  TreeId,
} from '../base/id.ts'
import type { Timer } from '../base/timer.ts'
import type { Backend, FileInfo, ReadOptions } from '../backend/backend.ts'
import type { CacheEvent, CacheStore } from '../backend/cache.ts'
import type { RepositoryConfig } from '../format/config.ts'
import type { IndexColumns } from '../format/index-file.ts'
import type { Node } from '../format/node.ts'
import type { MasterKey } from '../format/seal.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { ScryptCost } from '../kernel/kernel.ts'
import type { BlobType } from '../format/pack-header.ts'
import type { SealedBlobs, StoreSettings } from '../work/jobs/store-settings.ts'
import type { Runtime } from '../work/runtime.ts'
import type { RepositoryFiles } from './files.ts'
import type { BlobIndex } from './index/blob-index.ts'
import type { IndexCache } from './index/index-cache.ts'

/** A key that was opened before, so that no password need be stretched again. */
export interface OpenedKey {
  readonly keyId: KeyId
  readonly masterKey: MasterKey
}

export interface OpenOptions extends Cancellable {
  /** Disposed with the session. */
  readonly backend: Backend
  readonly runtime: Runtime
  /**
   * The password, a way to ask for it, or a key opened before. Bytes that are not UTF-8 stand in it
   * as `nameFromBytes` of `restic-core/format` has them.
   */
  readonly password: string | (() => Promise<string>) | OpenedKey
  /** Tried first: a key id or the beginning of one. */
  readonly keyHint?: string | undefined
  /** What was kept of this repository on this machine. */
  readonly cache?: ((repository: RepositoryId) => SessionCache) | undefined
  /** How the session waits; for tests. */
  readonly timer?: Timer | undefined
}

/** What a session may keep beside the repository to be quicker the next time. All of it may be lost. */
export interface SessionCache extends Observed<CacheEvent> {
  /** copies of files */
  readonly files?: CacheStore | undefined
  /** the index files as the session has them in memory */
  readonly index?: IndexCache | undefined
}

export interface InitOptions extends OpenOptions {
  readonly password: string | (() => Promise<string>)
  readonly version?: 1 | 2 | undefined
  /** Names that go into the key file. */
  readonly hostname: string
  readonly username: string
  /** Share chunks with another repository by cutting at the same places. */
  readonly chunkerPolynomial?: bigint | undefined
  /**
   * Go on with what an interrupted init has left: a key that the password opens, and no config. On
   * a store that deletes nothing there is no other way. Machines that do so at once take turns, and
   * all of them use the key of the first.
   */
  readonly completes?: boolean | undefined
  /** How hard it is to try a password. Measured unless given: half a second on this machine. */
  readonly cost?: ScryptCost | undefined
}

export type StoredSnapshot = Snapshot & { readonly id: SnapshotId }

/** Which snapshots: all conditions must hold; an absent condition holds always. */
export interface SnapshotFilter {
  /** any of these */
  readonly hosts?: readonly string[] | undefined
  /** any of these lists, all tags of which the snapshot has; an empty list wants no tags at all */
  readonly tagLists?: readonly (readonly string[])[] | undefined
  /** all of these */
  readonly paths?: readonly string[] | undefined
}

export interface SnapshotStore {
  /** Every snapshot, in no order. A damaged one rejects, naming it, unless `onDamaged` takes it. */
  snapshots(
    options?: Cancellable & {
      readonly onDamaged?: ((id: SnapshotId, error: Error) => void) | undefined
    },
  ): AsyncIterable<StoredSnapshot>
  loadSnapshot(id: SnapshotId, options?: Cancellable): Promise<StoredSnapshot>
  /** By id, the beginning of an id, or `latest` within `filter`. @throws MissingError */
  findSnapshot(
    text: string,
    filter?: SnapshotFilter,
    options?: Cancellable,
  ): Promise<StoredSnapshot>
  /** Resolves once the store has it. @throws TypeError for one that could not be read again */
  saveSnapshot(snapshot: Snapshot, options?: Cancellable): Promise<SnapshotId>
  removeSnapshot(id: SnapshotId, options?: Cancellable): Promise<void>
}

export type IndexEvent = { readonly type: 'index'; readonly done: number; readonly total: number }

/** An opened repository. Verbs are functions in operations/, not methods. */
export interface Repository extends SnapshotStore, AsyncDisposable {
  readonly location: string
  readonly config: RepositoryConfig
  readonly keyId: KeyId
  readonly masterKey: MasterKey
  readonly runtime: Runtime
  readonly connections: number
  /** Single files, read and written as they are: for keys, locks and the upkeep of the repository. */
  readonly files: RepositoryFiles

  /** Names and sizes of the files of one type. */
  listFiles(
    type: 'key' | 'lock' | 'snapshot' | 'index' | 'pack',
    options?: Cancellable,
  ): AsyncIterable<FileInfo>
  /** The bytes as stored, checked against the name (a config has none). */
  loadRaw(
    type: 'config' | 'key' | 'lock' | 'snapshot' | 'index',
    name?: string,
    options?: Cancellable,
  ): Promise<Uint8Array>
  /** The JSON inside a file, opened and unwrapped. */
  loadFile(
    type: 'lock' | 'snapshot' | 'index',
    id: string,
    options?: Cancellable,
  ): Promise<Uint8Array>

  /** Writes a lock file and refreshes it until disposed. */
  lock(mode: 'shared' | 'exclusive', options?: LockOptions): Promise<RepositoryLock>

  /** Reads every index file and returns a session that can look blobs up. */
  loadIndex(options?: LoadIndexOptions): Promise<IndexedRepository>
}

export type LockEvent =
  /** Told once, before waiting; with `retryMs` 0 the lock is refused at once. */
  | {
      readonly type: 'locked'
      readonly holders: readonly LockHolder[]
      readonly retryMs: number
    }
  /** It is tried again; a lock that is lost for it aborts `signal`. */
  | { readonly type: 'refresh-failed'; readonly id: LockId; readonly error: unknown }
  /** The lock file could not be removed. It stands in the way of others until `unlock`. */
  | { readonly type: 'left-behind'; readonly id: LockId; readonly error: unknown }

export interface LockOptions extends Cancellable, Observed<LockEvent> {
  /** How long to wait for conflicting locks to go; 0, or nothing: not at all. */
  readonly retryMs?: number | undefined
  /**
   * Called when the lock is in the store and only the wait for those written at the same time is
   * left. What is read from then on holds if the lock is got: who changes things comes before it or
   * sees it. When it is not got, `attempt` aborts, and nothing that was read holds. Not called when
   * writing took so long that none of this can be told.
   */
  readonly onWritten?: ((attempt: AbortSignal) => void) | undefined
}

export interface RepositoryLock extends AsyncDisposable {
  readonly id: LockId
  /** Aborts with LockLostError when a refresh came too late. */
  readonly signal: AbortSignal
}

export interface BlobReader {
  /** A blob's plaintext, checked against its id; another copy is tried when one is damaged. */
  readBlob(type: BlobType, id: BlobId, options?: Cancellable): Promise<Uint8Array>
  readTree(id: TreeId, options?: Cancellable): Promise<readonly Node[]>
  /** Stored bytes of a pack: the whole, or a range of it. Not checked. */
  readPack(id: PackId, options?: ReadOptions): Promise<Uint8Array>
}

export interface LoadIndexOptions extends Cancellable, Observed<IndexEvent> {
  /** Told what each index file says, before equal rows are made one. */
  readonly onColumns?: ((columns: IndexColumns) => void) | undefined
}

/** A session that knows where blobs are. A verb that needs blobs cannot be called with less. */
export interface IndexedRepository extends Repository, BlobReader {
  readonly index: BlobIndex
  /** The index files that make up `index`. */
  readonly indexIds: readonly IndexId[]
  /**
   * Runs `work` with a place to put blobs. When it returns, open packs and the index are
   * flushed; when it throws, what was queued is dropped and nothing refers to what was uploaded.
   *
   * @throws TypeError when another work of this session is still writing, or when there is no such
   * compression; RangeError for a pack size that is no number of bytes
   */
  writing<T>(work: (blobs: BlobWriter) => Promise<T>, options?: WritingOptions): Promise<T>
}

export interface WritingEvent {
  readonly type: 'pack'
  readonly id: PackId
  /** stored, with its header */
  readonly bytes: number
}

export interface WritingOptions extends Cancellable, Observed<WritingEvent> {
  readonly compression?: Compression | undefined
  /** bytes at which a pack is closed; 16 MiB */
  readonly packSize?: number | undefined
  /** Open again what was sealed before it is uploaded. On unless said otherwise. */
  readonly verify?: boolean | undefined
  /** Count what would be stored, and store nothing. */
  readonly dryRun?: boolean | undefined
  /**
   * Nothing is stored before it resolves, so that work may begin while the lock is waited for. When
   * it rejects, so does the work.
   */
  readonly mayWrite?: Promise<void> | undefined
}

/** As restic's option of that name; trees of version 2 are always compressed. */
export type Compression = 'off' | 'fastest' | 'auto' | 'better' | 'max'

/** What was added, as in the summary of a snapshot. Lengths are bytes. */
export interface AddedBlobs {
  readonly dataBlobs: number
  readonly treeBlobs: number
  /** plaintext */
  readonly added: number
  /** stored, with headers */
  readonly addedPacked: number
}

export interface SavedBlob {
  readonly id: BlobId
  /** false when the repository had it already */
  readonly isNew: boolean
  /** sealed, bytes; 0 when it is not new */
  readonly storedLength: number
}

export interface BlobWriter {
  readonly added: AddedBlobs
  /** Aborts when the caller does, and when an upload has failed for good. */
  readonly signal: AbortSignal
  /** Stores a blob unless it is known. Waits while too much is queued for upload. */
  saveBlob(type: BlobType, plaintext: Uint8Array): Promise<SavedBlob>
  /** What jobs need to cut and seal data for this writer. Ask anew for each job. */
  jobSettings(): StoreSettings
  /** Takes data blobs that a job has sealed. Waits as `saveBlob` does. */
  addSealed(blobs: SealedBlobs): Promise<void>
}
