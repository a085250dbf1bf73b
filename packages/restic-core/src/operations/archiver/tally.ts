import type { NodeType } from '../../format/node.ts'
import type { SnapshotSummary } from '../../format/snapshot.ts'
import type { AddedBlobs } from '../../repository/api.ts'

export type Change = 'new' | 'changed' | 'unchanged'

/** Counts what a backup met. Types other than files and directories count nowhere, as in restic. */
export class Tally {
  readonly #files: Record<Change, number> = { new: 0, changed: 0, unchanged: 0 }
  readonly #dirs: Record<Change, number> = { new: 0, changed: 0, unchanged: 0 }
  #bytes = 0
  skipped = 0

  count(kind: NodeType, change: Change, bytes: number): void {
    if (kind === 'dir') this.#dirs[change]++
    if (kind !== 'file') return
    this.#files[change]++
    this.#bytes += bytes
  }

  summary(added: AddedBlobs, backupStart: string, backupEnd: string): SnapshotSummary {
    const files = this.#files
    const dirs = this.#dirs
    return {
      backupStart,
      backupEnd,
      filesNew: files.new,
      filesChanged: files.changed,
      filesUnmodified: files.unchanged,
      dirsNew: dirs.new,
      dirsChanged: dirs.changed,
      dirsUnmodified: dirs.unchanged,
      dataBlobs: added.dataBlobs,
      treeBlobs: added.treeBlobs,
      dataAdded: added.added,
      dataAddedPacked: added.addedPacked,
      totalFilesProcessed: files.new + files.changed + files.unchanged,
      totalBytesProcessed: this.#bytes,
    }
  }
}
