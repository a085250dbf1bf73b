import type { SnapshotId } from 'restic-core'
import type { PathConflict } from './plan/merge.ts'
import type { Answer } from './plan/resolve.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { type Change, type ChangeCounts, countChanges } from './tree/changes.ts'

/** One side of a conflict, as it is shown to a person. */
export interface ConflictSide {
  readonly where: 'here' | 'there'
  /** undefined for what is on this disk and not stored */
  readonly snapshot: SnapshotId | undefined
  readonly host: string
  /** absolute path of the pack folder there; undefined when the snapshot names none, or several */
  readonly folder: string | undefined
  /** RFC 3339: of the snapshot, or of the newest file here */
  readonly time: string | undefined
  /** undefined when the snapshot does not tell */
  readonly files: number | undefined
  /** bytes */
  readonly bytes: number | undefined
  /** since the state both sides come from, as far as it is known */
  readonly changes: ChangeCounts | undefined
}

/** The history forked, or what is here was changed and not pushed while somebody else pushed. */
export interface Conflict {
  /** what is here first */
  readonly sides: readonly ConflictSide[]
  /** where the sides contradict each other; a merge needs no help elsewhere */
  readonly paths: readonly PathConflict[]
}

/** How a conflict is to be settled; `there` names a side when there are several others. */
export interface Decision {
  readonly answer: Answer
  readonly there?: SnapshotId | undefined
}

export type OnConflict = Answer | ((conflict: Conflict) => Promise<Answer | Decision>)

export interface NotEnabled {
  readonly outcome: 'not-enabled'
}

/** The server could not be reached; nothing was changed. */
export interface Offline {
  readonly outcome: 'offline'
  readonly reason: string
}

export interface Conflicted {
  readonly outcome: 'conflict'
  readonly conflict: Conflict
  /** what is here, when it was stored all the same: not by a pull, and not by a dry run */
  readonly snapshot?: SnapshotId | undefined
}

export interface UpToDate {
  readonly outcome: 'up-to-date'
  /** the state this folder is based on */
  readonly snapshot: SnapshotId | undefined
  /** nothing of that state is in the folder any more, although it had files */
  readonly isEmptied?: boolean | undefined
}

export interface PullChanged {
  readonly outcome: 'changed'
  /** the state the folder has now, or would have */
  readonly snapshot: SnapshotId | undefined
  readonly changes: readonly Change[]
  readonly counts: ChangeCounts
  /** how a conflict was settled */
  readonly answer: Answer | undefined
  /** what was here before, stored because it was not in the history */
  readonly storedAside: SnapshotId | undefined
  /** where versions were put that could not be merged: from, to */
  readonly beside: ReadonlyMap<string, string>
  /** nothing was done: this is what would be */
  readonly isDryRun: boolean
}

export type PullReport = NotEnabled | Offline | UpToDate | PullChanged | Conflicted

export interface PushChanged {
  readonly outcome: 'changed'
  readonly snapshot: SnapshotId | undefined
  readonly changes: readonly Change[]
  readonly counts: ChangeCounts
  /** files that could not be read, or changed while they were; the snapshot is tagged `partial` */
  readonly problems: readonly string[]
  readonly isDryRun: boolean
}

export type PushReport = NotEnabled | Offline | UpToDate | PushChanged | Conflicted

/** Where a snapshot comes from. */
export function placeOf({
  id,
  hostname,
  paths,
}: Pick<HistorySnapshot, 'id' | 'hostname' | 'paths'>): Pick<
  ConflictSide,
  'snapshot' | 'host' | 'folder'
> {
  const [folder, ...others] = paths
  return { snapshot: id, host: hostname, folder: others.length === 0 ? folder : undefined }
}

export function changedTo(
  report: Pick<PullChanged, 'snapshot' | 'changes'> & Partial<PullChanged>,
): PullChanged {
  return {
    outcome: 'changed',
    counts: countChanges(report.changes),
    answer: undefined,
    storedAside: undefined,
    beside: new Map(),
    isDryRun: false,
    ...report,
  }
}
