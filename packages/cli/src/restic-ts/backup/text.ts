import { resolve } from 'node:path'
import type { StoredSnapshot } from 'restic-core'
import { quoteName } from 'restic-core/format'
import { formatElapsed, formatSize } from '../../shared/units.ts'
import { shortId } from '../render/snapshot.ts'
import {
  type ItemEvent,
  type LostParentTreeEvent,
  type Outcome,
  type ScannedEvent,
  actions,
} from './events.ts'

export const incompleteText = 'Warning: at least one source file could not be read'

export function parentText(parent: StoredSnapshot | undefined): string {
  if (parent === undefined) return 'no parent snapshot found, will read all files'
  return `using parent snapshot ${shortId(parent)}`
}

/** @param source where the file is on this machine, as the backup was told */
export function incompleteParentText(source: string): string {
  return `${resolve(source)}: parts of ${source} not found in the repository index; storing the file again`
}

/** The message, which names the directory when nothing in it is like a path, as restic's does. */
export function lostTreeText({ source, id, isIndexed, error }: LostParentTreeEvent): string {
  const item = resolve(source)
  const text = isIndexed
    ? `tree ${id} could not be loaded; the repository could be damaged: ${error.message}`
    : `tree ${id} is not known; the repository could be damaged, run \`repair index\` to try to repair it`
  return text.includes(item) ? text : `${item}: ${text}`
}

export function scannedText({ totals, durationMs }: ScannedEvent): string {
  const seconds = (durationMs / 1000).toFixed(3)
  return `scan finished in ${seconds}s: ${totals.files} files, ${formatSize(totals.bytes)}`
}

export function itemText({ path, kind, change, bytes }: ItemEvent, durationMs: number): string {
  const shown = quoted(kind === 'dir' ? `${path}/` : path)
  const action = actions[change].padEnd(9)
  if (change === 'unchanged') return `${action} ${shown}`
  const seconds = (durationMs / 1000).toFixed(3)
  const what = kind === 'dir' ? 'metadata' : 'added'
  return `${action} ${shown}, saved in ${seconds}s (${formatSize(bytes)} ${what})`
}

/** A path that would not show as it is stands in quotes, with Go's escapes. */
function quoted(path: string): string {
  const escaped = path.split('/').map(quoteName).join('/')
  return escaped === path ? path : `"${escaped}"`
}

export function summaryLines(
  { snapshotId, summary, dryRun, durationMs }: Outcome,
  verbosity: number,
): string[] {
  const { filesNew, filesChanged, filesUnmodified, dirsNew, dirsChanged, dirsUnmodified } = summary
  const added = dryRun ? 'Would add to the repository' : 'Added to the repository'
  const lines = [
    '',
    `Files:       ${count(filesNew)} new, ${count(filesChanged)} changed, ${count(filesUnmodified)} unmodified`,
    `Dirs:        ${count(dirsNew)} new, ${count(dirsChanged)} changed, ${count(dirsUnmodified)} unmodified`,
  ]
  if (verbosity >= 2) {
    lines.push(
      `Data Blobs:  ${count(summary.dataBlobs)} new`,
      `Tree Blobs:  ${count(summary.treeBlobs)} new`,
    )
  }
  lines.push(
    `${added}: ${size(summary.dataAdded)} (${size(summary.dataAddedPacked)} stored)`,
    '',
    `processed ${summary.totalFilesProcessed} files, ${formatSize(summary.totalBytesProcessed)} in ${formatElapsed(durationMs)}`,
  )
  if (snapshotId !== undefined) lines.push(`snapshot ${snapshotId.slice(0, 8)} saved`)
  else if (!dryRun) lines.push('skipped creating snapshot')
  return lines
}

function count(value: number): string {
  return value.toString().padStart(5)
}

function size(bytes: number): string {
  return formatSize(bytes).padEnd(5)
}
