/**
 * The repository format in pure TypeScript. `openRepository` and `initRepository` give a session;
 * verbs are functions that take one.
 */
import { defaultRuntime } from '#runtime'
import { type Backend, layered } from './backend/backend.ts'
import { limit } from './backend/limit.ts'
import { overriding } from './backend/request.ts'
import { type RetryOptions, retry } from './backend/retry.ts'
import type { InitOptions, OpenOptions, Repository } from './repository/api.ts'
import { initRepository as initWith } from './repository/init.ts'
import { openRepository as openWith } from './repository/open.ts'
import type { Runtime } from './work/runtime.ts'

/** What has a default here. */
export interface SessionDefaults {
  /** The platform's own unless given; then it is disposed with the session. */
  readonly runtime?: Runtime | undefined
  /** How requests that fail are repeated: for 15 minutes. `false` leaves that to the backend. */
  readonly retry?: RetryOptions | false | undefined
}

/**
 * Opens a repository. The backend belongs to the session from then on; when this rejects, it is
 * still the caller's.
 *
 * @throws NoRepositoryError, WrongPasswordError, CorruptDataError
 */
export function openRepository(
  options: Omit<OpenOptions, 'runtime'> & SessionDefaults,
): Promise<Repository> {
  return withDefaults(options, (platform) => openWith({ ...options, ...platform }))
}

/**
 * Makes a repository and opens it. The backend belongs to the session from then on; when this
 * rejects, it is still the caller's.
 *
 * @throws BackendError 'refused' when there is a repository already
 */
export function initRepository(
  options: Omit<InitOptions, 'runtime'> & SessionDefaults,
): Promise<Repository> {
  return withDefaults(options, (platform) => initWith({ ...options, ...platform }))
}

async function withDefaults(
  options: SessionDefaults & { readonly backend: Backend },
  open: (platform: Pick<OpenOptions, 'backend' | 'runtime'>) => Promise<Repository>,
): Promise<Repository> {
  const runtime = options.runtime ?? (await defaultRuntime())
  const store =
    options.retry === false
      ? options.backend
      : layered(options.backend, limit(), retry(runtime, options.retry))
  if (options.runtime) return open({ runtime, backend: store })
  try {
    return await open({ runtime, backend: disposedWith(store, runtime) })
  } catch (error) {
    await runtime[Symbol.asyncDispose]()
    throw error
  }
}

function disposedWith(backend: Backend, runtime: Runtime): Backend {
  return overriding(backend, {
    async [Symbol.asyncDispose]() {
      try {
        await backend[Symbol.asyncDispose]()
      } finally {
        await runtime[Symbol.asyncDispose]()
      }
    },
  })
}

export { type Cancellable, type Observed, anySignal, untilAborted } from './base/cancel.ts'
export type { Clock } from './base/clock.ts'
export { fixedClock } from './base/clock.ts'
export type {
  AnyResticError,
  BackendReason,
  FileReason,
  LockHolder,
  ResticErrorCode,
} from './base/errors.ts'
export {
  BackendError,
  CorruptDataError,
  LockLostError,
  LockedError,
  MissingError,
  NoRepositoryError,
  ResticError,
  SourceError,
  TargetError,
  UnsupportedError,
  WrongPasswordError,
  isResticError,
} from './base/errors.ts'
export type { EventStream } from './base/event-stream.ts'
export { eventStream } from './base/event-stream.ts'
export type {
  BlobId,
  Id,
  IndexId,
  KeyId,
  LockId,
  PackId,
  RepositoryId,
  SnapshotId,
  TreeId,
} from './base/id.ts'
export { asId, isId, shortId } from './base/id.ts'
export { type Timer, systemTimer } from './base/timer.ts'
export type { Backend, BackendLayer, FileHandle, FileInfo } from './backend/backend.ts'
export type { CacheEvent, CacheStore } from './backend/cache.ts'
export type { RetryEvent, RetryOptions } from './backend/retry.ts'
export type { RepositoryConfig } from './format/config.ts'
export type { Node, NodeType } from './format/node.ts'
export type { Snapshot, SnapshotSummary } from './format/snapshot.ts'
export type {
  AddedBlobs,
  BlobReader,
  BlobWriter,
  Compression,
  IndexEvent,
  IndexedRepository,
  InitOptions,
  LockEvent,
  LoadIndexOptions,
  LockOptions,
  OpenOptions,
  OpenedKey,
  Repository,
  RepositoryLock,
  SavedBlob,
  SessionCache,
  SnapshotFilter,
  SnapshotStore,
  StoredSnapshot,
  WritingEvent,
  WritingOptions,
} from './repository/api.ts'
export type { IndexCache } from './repository/index/index-cache.ts'
export type { NewKey, StoredKey } from './repository/keys.ts'
export { addKey, changePassword, listKeys, removeKey } from './repository/keys.ts'
export { staleLocks, unlock } from './repository/locks/unlock.ts'
export { matchesFilter, newest } from './repository/snapshots.ts'
export { backup } from './operations/archiver/backup.ts'
export { backupStream } from './operations/archiver/backup-stream.ts'
export type { BackupStreamOptions } from './operations/archiver/backup-stream.ts'
export { directoryNode, entryNode, fileNode } from './operations/archiver/entry-node.ts'
export type { BackupEvent, BackupResult } from './operations/archiver/events.ts'
export type { FileContent, FileRequest } from './operations/archiver/file-store.ts'
export { FileStore } from './operations/archiver/file-store.ts'
export type {
  ArchiveTarget,
  BackupOptions,
  Exclusion,
  SnapshotFacts,
} from './operations/archiver/options.ts'
export type { ChangeRules, ParentWish } from './operations/archiver/parent.ts'
export { chooseParent } from './operations/archiver/parent.ts'
export type { Target } from './operations/archiver/targets.ts'
export { joinPath, layOutTargets } from './operations/archiver/targets.ts'
export type { Begun, EarlyRun, EarlyView } from './operations/shared/early-work.ts'
export { BegunRun, EarlyWork, HeldBack, stopsWith } from './operations/shared/early-work.ts'
export { cleanPath } from './operations/shared/clean-path.ts'
export { check } from './operations/checker/check.ts'
export type { CheckOptions } from './operations/checker/check.ts'
export type { CheckEvent, Finding, FindingKind } from './operations/checker/findings.ts'
export type { DataSubset } from './operations/checker/subset.ts'
export type { Overwrite } from './operations/restorer/decisions.ts'
export type {
  ItemAction,
  RestoreCounts,
  RestoreEvent,
  RestoreSummary,
} from './operations/restorer/events.ts'
export { planRestore } from './operations/restorer/plan.ts'
export type { PlanRestoreOptions, PlannedFile, RestorePlan } from './operations/restorer/plan.ts'
export { type PlannedItem, plannedItems } from './operations/restorer/planned-items.ts'
export { restore } from './operations/restorer/restore.ts'
export type { RestoreOptions } from './operations/restorer/restore.ts'
export { findTree } from './operations/shared/find-tree.ts'
export type { Glob } from './operations/shared/glob.ts'
export { matchesGlob, parseGlob } from './operations/shared/glob.ts'
export type { Pattern, PatternAnswer, PatternList } from './operations/shared/pattern.ts'
export { matchPatterns, parsePatterns } from './operations/shared/pattern.ts'
export type { SourceEntry, SourceTree } from './operations/shared/source-tree.ts'
export type { Keepable, TargetEntry, TargetTree } from './operations/shared/target-tree.ts'
export type { WalkStep, WalkTreesOptions, WalkedTree } from './operations/shared/tree-walk.ts'
export { walkTree, walkTrees } from './operations/shared/tree-walk.ts'
export type { ProcessIdentity, Runtime } from './work/runtime.ts'
