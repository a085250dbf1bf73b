import type { ResticError } from '../../base/errors.ts'
import type { PackId, SnapshotId, TreeId } from '../../base/id.ts'
import type { NodeType } from '../../format/node.ts'
import type { SnapshotSummary } from '../../format/snapshot.ts'

/** Paths are those in the snapshot, with a leading '/'. Sizes are bytes. */
export type BackupEvent =
  | {
      readonly type: 'item'
      readonly path: string
      readonly kind: NodeType
      readonly change: 'new' | 'changed' | 'unchanged'
      /** of a file's content; of a directory's tree when it is new */
      readonly bytes: number
    }
  /** So much more of a file has been read and stored. */
  | { readonly type: 'read'; readonly path: string; readonly bytes: number }
  | { readonly type: 'pack'; readonly id: PackId; readonly bytes: number }
  | { readonly type: 'skipped'; readonly path: string; readonly error: ResticError }
  /** Content of an unchanged file is not in the index any more, so the file, at `source`, is read again. */
  | { readonly type: 'incomplete-parent'; readonly path: string; readonly source: string }
  /** The parent's tree of the directory at `source` cannot be read, so everything in it is read again. */
  | {
      readonly type: 'lost-parent-tree'
      readonly path: string
      readonly source: string
      readonly id: TreeId
      /** whether the index names it */
      readonly isIndexed: boolean
      readonly error: ResticError
    }

export interface BackupResult {
  /** undefined when no snapshot was written: a dry run, or nothing had changed and that was asked for */
  readonly snapshotId: SnapshotId | undefined
  readonly tree: TreeId
  readonly summary: SnapshotSummary
  /** entries that could not be read and so are not in the snapshot */
  readonly skipped: number
  /** files whose content changed while it was read, as paths in the snapshot */
  readonly unstable: readonly string[]
}
