import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { isResticError } from 'restic-core'
import {
  type IncompleteParentEvent,
  type ItemEvent,
  type LostParentTreeEvent,
  type Outcome,
  type ScannedEvent,
  type SkippedEvent,
  actions,
} from './events.ts'
import { incompleteParentText, lostTreeText } from './text.ts'

/** Its item is where the source is on this machine, not where it would be in the snapshot. */
export function errorObject({ path, error }: SkippedEvent): object {
  return archivalError(error.message, isResticError(error, 'SOURCE') ? resolve(error.path) : path)
}

export function incompleteParentObject({ source }: IncompleteParentEvent): object {
  return archivalError(incompleteParentText(source), resolve(source))
}

export function lostTreeObject(event: LostParentTreeEvent): object {
  return archivalError(lostTreeText(event), resolve(event.source))
}

function archivalError(message: string, item: string): object {
  return { message_type: 'error', error: { message }, during: 'archival', item }
}

export function scannedObject({ totals, durationMs }: ScannedEvent): object {
  return verboseStatus('scan_finished', '', durationMs, {
    data_size: totals.bytes,
    total_files: totals.files,
  })
}

export function itemObject({ path, kind, change, bytes }: ItemEvent, durationMs: number): object {
  const isNew = change !== 'unchanged'
  const isDirectory = kind === 'dir'
  return verboseStatus(actions[change], isDirectory ? `${path}/` : path, durationMs, {
    data_size: isNew && !isDirectory ? bytes : 0,
    metadata_size: isNew && isDirectory ? bytes : 0,
  })
}

function verboseStatus(
  action: string,
  item: string,
  durationMs: number,
  sizes: {
    readonly data_size?: number
    readonly metadata_size?: number
    readonly total_files?: number
  },
): object {
  const { data_size = 0, metadata_size = 0, total_files = 0 } = sizes
  return {
    message_type: 'verbose_status',
    action,
    item,
    duration: seconds(durationMs),
    data_size,
    data_size_in_repo: 0,
    metadata_size,
    metadata_size_in_repo: 0,
    total_files,
  }
}

export function summaryObject({ snapshotId, summary, dryRun, durationMs }: Outcome): object {
  return {
    message_type: 'summary',
    files_new: summary.filesNew,
    files_changed: summary.filesChanged,
    files_unmodified: summary.filesUnmodified,
    dirs_new: summary.dirsNew,
    dirs_changed: summary.dirsChanged,
    dirs_unmodified: summary.dirsUnmodified,
    data_blobs: summary.dataBlobs,
    tree_blobs: summary.treeBlobs,
    data_added: summary.dataAdded,
    data_added_packed: summary.dataAddedPacked,
    total_files_processed: summary.totalFilesProcessed,
    total_bytes_processed: summary.totalBytesProcessed,
    total_duration: seconds(durationMs),
    backup_start: summary.backupStart,
    backup_end: summary.backupEnd,
    snapshot_id: snapshotId ?? (dryRun ? unsavedId() : undefined),
    dry_run: dryRun || undefined,
  }
}

/**
 * restic names the snapshot it would have saved: the hash of bytes with a random nonce in them, which
 * nobody can expect. Programs want some id there.
 */
function unsavedId(): string {
  return randomBytes(32).toString('hex')
}

/** To the nanosecond. */
function seconds(durationMs: number): number {
  return Number((durationMs / 1000).toFixed(9))
}
