import type { IndexId, PackId, SnapshotId, TreeId } from '../../base/id.ts'

/** What was found wrong, or worth knowing, about one thing. */
export type Finding = FindingText & FindingKind

interface FindingText {
  /** the thing, as people name it */
  readonly what: string
  /** what is wrong with it, a sentence without the thing */
  readonly text: string
}

/**
 * An `error` means that something cannot be restored or that a repair is needed; with a `hint` all
 * is there, but `advice` would tidy up. A broken pack can be repaired as far as its blobs are sound
 * or stored elsewhere too; a lost one cannot be read at all.
 */
export type FindingKind =
  | {
      readonly kind: 'index-unreadable'
      readonly severity: 'error'
      readonly advice: 'repair-index'
      readonly index: IndexId
    }
  | {
      readonly kind: 'pack-indexed-twice'
      readonly severity: 'hint'
      readonly advice: 'repair-index'
      readonly pack: PackId
    }
  | {
      readonly kind: 'pack-mixed' | 'pack-unused'
      readonly severity: 'hint'
      readonly advice: 'prune'
      readonly pack: PackId
    }
  | {
      /** `pack-unsteady`: wrong when it was read first, right when it was read again */
      readonly kind: 'pack-broken' | 'pack-lost' | 'pack-unsteady'
      readonly severity: 'error'
      readonly pack: PackId
    }
  | {
      readonly kind: 'snapshot-unreadable'
      readonly severity: 'error'
      readonly snapshot: SnapshotId
    }
  | {
      readonly kind: 'tree-broken'
      readonly severity: 'error'
      readonly tree: TreeId
      /** of the first snapshot in which it was met */
      readonly path: string
    }

/** Progress: how many files, packs or trees of a stage are done. Trees become more on the way. */
export interface CheckEvent {
  readonly type: 'checked'
  readonly stage: 'index' | 'packs' | 'trees' | 'data'
  readonly done: number
  readonly total: number
}
