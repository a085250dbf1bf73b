import { untilAborted } from '../../base/cancel.ts'
import { SourceError } from '../../base/errors.ts'
import type { Snapshot } from '../../format/snapshot.ts'
import { formatTime } from '../../format/time.ts'
import { formatTree } from '../../format/tree.ts'
import type { BlobWriter, WritingOptions } from '../../repository/api.ts'
import type { SourceTree } from '../shared/source-tree.ts'
import type { BackupResult } from './events.ts'
import type { ArchiveTarget, BackupOptions } from './options.ts'
import { Walk } from './walk.ts'

type Stored = Omit<BackupResult, 'snapshotId'>

/**
 * Stores the targets of `source` and then a snapshot of them. Nothing refers to what was stored
 * before the snapshot is written, so a backup that fails leaves the repository as it was.
 *
 * @throws SourceError when an entry cannot be read and `onUnreadable` does not skip it, or when
 * there is nothing to store
 */
export async function backup(
  target: ArchiveTarget,
  source: SourceTree,
  options: BackupOptions,
): Promise<BackupResult> {
  const { clock } = target.runtime
  const startNs = clock.nowNs()
  const stored = await target.writing(
    (blobs) => storeTree(target, source, blobs, options, startNs),
    writingOptions(options),
  )
  const unchanged = options.skipIfUnchanged === true && options.parent?.tree === stored.tree
  if (options.dryRun === true || unchanged) return { ...stored, snapshotId: undefined }
  if (options.mayWrite) await untilAborted(options.mayWrite, options.signal)
  const summary = { ...stored.summary, backupEnd: formatTime(clock.nowNs(), clock) }
  const snapshot = snapshotOf({ ...stored, summary }, options, startNs, target)
  const snapshotId = await target.saveSnapshot(snapshot, { signal: options.signal })
  return { ...stored, summary, snapshotId }
}

async function storeTree(
  target: ArchiveTarget,
  source: SourceTree,
  blobs: BlobWriter,
  options: BackupOptions,
  startNs: bigint,
): Promise<Stored> {
  const { clock } = target.runtime
  const walk = new Walk(target, source, blobs, options)
  const nodes = await walk.run()
  if (nodes.length === 0 && options.allowEmpty !== true) {
    const [path = ''] = options.snapshot.paths
    throw new SourceError('snapshot is empty: nothing was left to store', path, 'not-found', {
      hint: 'Check the paths and the exclude patterns.',
    })
  }
  const { id: tree } = await blobs.saveBlob('tree', formatTree(nodes))
  const { added } = blobs
  const start = formatTime(startNs, clock)
  const summary = walk.tally.summary(added, start, formatTime(clock.nowNs(), clock))
  return { tree, summary, skipped: walk.tally.skipped, unstable: walk.unstable }
}

function writingOptions(options: BackupOptions): WritingOptions {
  const { signal, onEvent, compression, packSize, verify, dryRun, mayWrite } = options
  return { signal, onEvent, compression, packSize, verify, dryRun, mayWrite }
}

function snapshotOf(
  { tree, summary }: Stored,
  { snapshot, parent }: BackupOptions,
  startNs: bigint,
  { runtime: { clock } }: ArchiveTarget,
): Snapshot {
  const { timeNs, tags = [], excludes = [], ...facts } = snapshot
  return {
    ...facts,
    time: formatTime(timeNs ?? startNs, clock),
    parent: parent?.id,
    tree,
    tags,
    excludes,
    summary,
  }
}
