import type { BackupEvent, BackupResult, StoredSnapshot } from 'restic-core'
import type { ScanTotals } from './scan.ts'

/** What a backup tells: the events of the archiver, and what happens around it. */
export type Event =
  | BackupEvent
  | { readonly type: 'step'; readonly text: string }
  | { readonly type: 'parent'; readonly parent: StoredSnapshot | undefined }
  | {
      readonly type: 'scanned'
      readonly totals: ScanTotals
      readonly finished: boolean
      readonly durationMs: number
    }

export interface Outcome extends Pick<BackupResult, 'snapshotId' | 'summary' | 'unstable'> {
  /** some source could not be read */
  readonly incomplete: boolean
  readonly dryRun: boolean
  readonly durationMs: number
}

export type ScannedEvent = Extract<Event, { type: 'scanned' }>
export type ItemEvent = Extract<Event, { type: 'item' }>
export type SkippedEvent = Extract<Event, { type: 'skipped' }>
export type IncompleteParentEvent = Extract<Event, { type: 'incomplete-parent' }>
export type LostParentTreeEvent = Extract<Event, { type: 'lost-parent-tree' }>

export const actions = { new: 'new', changed: 'modified', unchanged: 'unchanged' } as const
