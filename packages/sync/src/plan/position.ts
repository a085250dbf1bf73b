import type { SnapshotId } from 'restic-core'
import {
  type HeadGroup,
  type Lineage,
  type LineageSnapshot,
  groupHeads,
  identityOf,
} from '../lineage/lineage.ts'
import { type Seen, isOlder } from '../lineage/seen.ts'

/** Where a folder stands in the history, by the snapshot it was last equal to. */
export type Position<S extends LineageSnapshot> =
  /** there is no state yet */
  | { readonly kind: 'empty' }
  /** nothing is newer than the base */
  | { readonly kind: 'current'; readonly own: HeadGroup<S> | undefined }
  /** the one head builds on the base */
  | { readonly kind: 'behind'; readonly head: HeadGroup<S> }
  /** heads that do not build on one another, or not on the base; `own` holds the base */
  | {
      readonly kind: 'apart'
      readonly heads: readonly HeadGroup<S>[]
      readonly own: HeadGroup<S> | undefined
    }

export interface BasePoint {
  readonly snapshot: SnapshotId
  readonly seen?: Seen | undefined
}

export function locate<S extends LineageSnapshot>(
  lineage: Lineage<S>,
  base: BasePoint | undefined,
): Position<S> {
  const known = base && lineage.find(base.snapshot)
  const identity = known === undefined ? base?.snapshot : identityOf(known)
  const groups = groupHeads(lineage.heads(), (head) => head.tree, identity)
  if (groups.length === 0) return { kind: 'empty' }
  const own = groups.find(({ members }) => members.some((head) => identityOf(head) === identity))
  const newer = groups.filter((group) => group !== own && !isBefore(group.head, base, known))
  const [head] = newer
  if (head === undefined) return { kind: 'current', own }
  const buildsOnBase =
    base !== undefined && head.members.some((member) => includesBase(lineage, member, base))
  if (newer.length === 1 && own === undefined && buildsOnBase) return { kind: 'behind', head }
  return { kind: 'apart', heads: newer, own }
}

/**
 * Whether the history has the state of a base, or has gone on from it. It has not when the server was
 * set back to an older state or begun anew: then what is here may be nowhere else.
 */
export function isInHistory<S extends LineageSnapshot>(
  lineage: Lineage<S>,
  base: BasePoint | undefined,
): boolean {
  if (base === undefined) return false
  return lineage.find(base.snapshot) !== undefined || locate(lineage, base).kind === 'behind'
}

function includesBase<S extends LineageSnapshot>(
  lineage: Lineage<S>,
  head: S,
  base: BasePoint,
): boolean {
  return lineage.includes(head, { id: base.snapshot, seen: base.seen })
}

/** An operator may have forgotten the base itself; what is left is then older than what is here. */
function isBefore(
  head: LineageSnapshot,
  base: BasePoint | undefined,
  known: LineageSnapshot | undefined,
): boolean {
  if (base?.seen === undefined || known !== undefined || head.seen === undefined) return false
  return isOlder(head.seen, base.seen)
}
