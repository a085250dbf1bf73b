import type { SnapshotId, TreeId } from 'restic-core'
import { settledBy, sideTag } from './marks.ts'
import { type Seen, isOlder } from './seen.ts'

/** What decides about order. Times are not here: clocks lie. */
export interface LineageSnapshot {
  readonly id: SnapshotId
  readonly tree: TreeId
  readonly tags: readonly string[]
  readonly parent?: SnapshotId | undefined
  /** the id it had before it was saved again by `tag`, `rewrite` or `copy` */
  readonly original?: SnapshotId | undefined
  readonly seen?: Seen | undefined
}

/**
 * The history of one instance as a graph. Snapshots point at what they build on: their parent and
 * what they settle. A snapshot that was saved again is the same one under all its ids.
 */
export class Lineage<S extends LineageSnapshot> {
  readonly #byId = new Map<SnapshotId, S>()
  /** by identity: the first id that a chain of edits and copies tells */
  readonly #members = new Map<SnapshotId, S[]>()
  readonly #closures = new Map<SnapshotId, ReadonlySet<SnapshotId>>()
  #gaps: ReadonlySet<SnapshotId> | undefined

  constructor(snapshots: Iterable<S>) {
    for (const snapshot of snapshots) {
      this.#byId.set(snapshot.id, snapshot)
      const identity = identityOf(snapshot)
      const members = this.#members.get(identity)
      if (members === undefined) this.#members.set(identity, [snapshot])
      else members.push(snapshot)
    }
  }

  get snapshots(): Iterable<S> {
    return this.#byId.values()
  }

  get size(): number {
    return this.#byId.size
  }

  /** By its id, or by an id that it had. */
  find(id: SnapshotId): S | undefined {
    return this.#byId.get(id) ?? this.#members.get(id)?.[0]
  }

  /**
   * What nothing builds on, except states stored aside. In the order of ids, so that all machines
   * see the same. Several: the history forked.
   */
  heads(): S[] {
    const states = [...this.#byId.values()].filter(isState)
    const covered = new Set<SnapshotId>()
    for (const state of states) {
      for (const identity of this.#referencesOf(state)) {
        if (identity !== identityOf(state)) covered.add(identity)
      }
    }
    const open = states.filter((state) => !covered.has(identityOf(state)))
    return this.#withoutBridged(open, states).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Whether `newer` builds on `older` or is it, as far as what is left can tell. */
  includes(
    newer: S,
    older: { readonly id: SnapshotId; readonly seen?: Seen | undefined },
  ): boolean {
    const known = this.find(older.id)
    const identity = known === undefined ? older.id : identityOf(known)
    if (this.#closureOf(identityOf(newer)).has(identity)) return true
    if (known !== undefined && !this.#beyondGaps().has(identityOf(newer))) return false
    return isBeyond(older, newer)
  }

  /**
   * The nearest state that both sides build on. undefined when there is none left, and also when
   * there are several: then no one of them is the right base of a merge.
   *
   * @param ours one snapshot, or those that a merged state was made of
   */
  mergeBase(ours: readonly S[], theirs: S): S | undefined {
    const mine = new Set(ours.flatMap((one) => [...this.#closureOf(identityOf(one))]))
    const shared = [...this.#closureOf(identityOf(theirs))].filter(
      (identity) => mine.has(identity) && this.#members.has(identity),
    )
    const nearest = shared.filter(
      (candidate) =>
        !shared.some((other) => other !== candidate && this.#closureOf(other).has(candidate)),
    )
    const [only] = nearest
    return nearest.length === 1 && only !== undefined ? this.#members.get(only)?.[0] : undefined
  }

  /** Identities that a snapshot builds on directly. */
  #referencesOf(snapshot: S): SnapshotId[] {
    const settled = settledBy(snapshot.tags)
    const named = snapshot.parent === undefined ? settled : [snapshot.parent, ...settled]
    return named.map((id) => {
      const known = this.find(id)
      return known === undefined ? id : identityOf(known)
    })
  }

  /** Without those that a newer state holds although what was between them is forgotten. */
  #withoutBridged(open: readonly S[], states: readonly S[]): S[] {
    if (open.length <= 1) return [...open]
    const gaps = this.#beyondGaps()
    const newer = states.filter((state) => gaps.has(identityOf(state)))
    return open.filter((head) => !newer.some((state) => isBeyond(head, state)))
  }

  /** Everything that an identity builds on, itself included. */
  #closureOf(start: SnapshotId): ReadonlySet<SnapshotId> {
    const known = this.#closures.get(start)
    if (known !== undefined) return known
    const closure = new Set<SnapshotId>([start])
    // A set is iterated in order of insertion, also over what is added meanwhile.
    for (const identity of closure) {
      for (const member of this.#members.get(identity) ?? []) {
        for (const reference of this.#referencesOf(member)) closure.add(reference)
      }
    }
    this.#closures.set(start, closure)
    return closure
  }

  /** The identities that build on something forgotten. */
  #beyondGaps(): ReadonlySet<SnapshotId> {
    if (this.#gaps !== undefined) return this.#gaps
    const builtUpon = new Map<SnapshotId, SnapshotId[]>()
    for (const snapshot of this.#byId.values()) {
      for (const reference of this.#referencesOf(snapshot)) {
        const above = builtUpon.get(reference)
        if (above === undefined) builtUpon.set(reference, [identityOf(snapshot)])
        else above.push(identityOf(snapshot))
      }
    }
    const forgotten = [...builtUpon.keys()].filter((identity) => !this.#members.has(identity))
    const gaps = new Set(forgotten)
    for (const identity of gaps) {
      for (const above of builtUpon.get(identity) ?? []) gaps.add(above)
    }
    this.#gaps = gaps
    return gaps
  }
}

/** The id under which a snapshot was first saved. */
export function identityOf(snapshot: LineageSnapshot): SnapshotId {
  return snapshot.original ?? snapshot.id
}

/**
 * A state of the instance, as opposed to one stored aside. What is stored aside names the state it
 * came from as parent and yet replaces nothing, so it takes no part in the order.
 */
function isState(snapshot: LineageSnapshot): boolean {
  return !snapshot.tags.includes(sideTag)
}

function isBeyond(
  older: { readonly seen?: Seen | undefined },
  newer: { readonly seen?: Seen | undefined },
): boolean {
  return older.seen !== undefined && newer.seen !== undefined && isOlder(older.seen, newer.seen)
}

/** Heads with equal states, which count as one. */
export interface HeadGroup<S extends LineageSnapshot> {
  /** the one that speaks for the group */
  readonly head: S
  readonly members: readonly S[]
}

/**
 * @param stateOf what is equal for equal states: the tree, or a fingerprint of it
 * @param preferred speaks for its group: the snapshot a folder was last equal to
 */
export function groupHeads<S extends LineageSnapshot>(
  heads: readonly S[],
  stateOf: (head: S) => string,
  preferred?: SnapshotId,
): HeadGroup<S>[] {
  const groups = new Map<string, S[]>()
  for (const head of heads) {
    const state = stateOf(head)
    const group = groups.get(state)
    if (group === undefined) groups.set(state, [head])
    else group.push(head)
  }
  return [...groups.values()].map((members) => {
    const own = members.find((head) => head.id === preferred || identityOf(head) === preferred)
    return { head: own ?? (members[0] as S), members }
  })
}
