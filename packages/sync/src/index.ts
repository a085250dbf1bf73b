/**
 * Keeps a folder the same on several machines, with its whole history in a restic repository.
 *
 * Every command takes the folder and answers with a report. Nothing is printed, no global is
 * touched, and any number of folders can be synced in one process.
 */
export { pull, type PullOptions } from './pull.ts'
export { push, type PushOptions } from './push.ts'
export { type InitOptions, type InitReport, init } from './init.ts'
export { type DisableReport, disable } from './disable.ts'
export { type HeadFacts, type Status, type StatusReport, type Storage, status } from './status.ts'
export {
  type Diff,
  type DiffOptions,
  type DiffReport,
  type History,
  type HistoryItem,
  type HistoryOptions,
  type HistoryReport,
  diff,
  history,
} from './history.ts'
export { type RestoreOptions, type RestoreReport, type Restored, restore } from './restore.ts'
export { type UndoOptions, type UndoReport, type Undone, undo } from './undo.ts'
export { type InstanceUse, useInstance } from './use.ts'
export { type SyncErrorCode, SyncError, isSyncError } from './errors.ts'
export type { SyncEvent } from './events.ts'
export type {
  Conflict,
  ConflictSide,
  Conflicted,
  Decision,
  NotEnabled,
  Offline,
  OnConflict,
  PullChanged,
  PullReport,
  PushChanged,
  PushReport,
  UpToDate,
} from './report.ts'
export type { SyncOptions } from './session.ts'
export type { Platform } from './platform.ts'
export { type NodePlatformOptions, nodePlatform } from './node/node-platform.ts'
export { type Answer, answers } from './plan/resolve.ts'
export type { PathConflict, SideChange } from './plan/merge.ts'
export type { Change, ChangeCounts } from './tree/changes.ts'
export type { Entry } from './tree/entry.ts'
export { type Token, parseToken } from './state/token.ts'
