import type { Cancellable, IndexedRepository, Node, SnapshotId, TreeId } from 'restic-core'
import type { HeadGroup, Lineage } from './lineage/lineage.ts'
import { mergeSteps, type HeadSide, type HereSide } from './plan/resolve.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { outOfScope } from './remote/save-state.ts'
import type { Scope } from './scope/scope.ts'
import type { Session } from './session.ts'
import { type Entries, sameEntries } from './tree/entry.ts'
import { findInstanceRoot } from './tree/instance-root.ts'
import { type RepositoryState, readRepositoryState } from './tree/repository-state.ts'

/** Reads states of the history, each once. */
export class States {
  readonly #session: Session
  readonly #repository: IndexedRepository
  readonly #signal: AbortSignal
  readonly #read = new Map<SnapshotId, Promise<RepositoryState>>()
  readonly #trees = new Map<TreeId, readonly Node[]>()

  constructor(session: Session, repository: IndexedRepository, signal: AbortSignal) {
    this.#session = session
    this.#repository = repository
    this.#signal = signal
  }

  of(snapshot: HistorySnapshot): Promise<RepositoryState> {
    const known = this.#read.get(snapshot.id)
    if (known !== undefined) return known
    const read = this.#load(snapshot)
    this.#read.set(snapshot.id, read)
    return read
  }

  /** undefined when the snapshot was forgotten. */
  async ofId(
    lineage: Lineage<HistorySnapshot>,
    id: SnapshotId | undefined,
  ): Promise<RepositoryState | undefined> {
    const found = id === undefined ? undefined : lineage.find(id)
    return found === undefined ? undefined : this.of(found)
  }

  async #load(snapshot: HistorySnapshot): Promise<RepositoryState> {
    const options = { signal: this.#signal }
    const reader = { readTree: this.#readTree.bind(this) }
    const root = await findInstanceRoot(reader, snapshot, options)
    return readRepositoryState(reader, root, this.#session.scope, options)
  }

  /** States that follow on each other have most trees in common. */
  async #readTree(id: TreeId, options?: Cancellable): Promise<readonly Node[]> {
    const known = this.#trees.get(id)
    if (known !== undefined) return known
    const nodes = await this.#repository.readTree(id, options)
    this.#trees.set(id, nodes)
    return nodes
  }
}

/**
 * Whether one state may stand for the other: what is not in scope, and is taken over from only one of
 * them, is the same too.
 */
export function isWhollySame(scope: Scope, a: RepositoryState, b: RepositoryState): boolean {
  const beyond = (of: RepositoryState) => outOfScope(of, (path) => scope.includes(path, false))
  return sameEntries(a.entries, b.entries) && sameEntries(beyond(a), beyond(b))
}

export interface Head {
  readonly group: HeadGroup<HistorySnapshot>
  readonly state: RepositoryState
}

/**
 * Most progress first: the head that builds on the most pushes, and of equals the one with the
 * smaller id. It is "there" for answers that want one side, unless a person names another. No clock
 * has a say.
 */
export function byProgress(heads: readonly Head[], chosen: SnapshotId | undefined): Head[] {
  const pushes = ({ group }: Head): number =>
    Object.values(group.head.seen ?? {}).reduce((sum, count) => sum + count, 0)
  const isChosen = ({ group }: Head): number =>
    Number(group.members.some((member) => member.id === chosen))
  return heads.toSorted(
    (a, b) =>
      isChosen(b) - isChosen(a) ||
      pushes(b) - pushes(a) ||
      (a.group.head.id < b.group.head.id ? -1 : 1),
  )
}

export function headSide({ group, state }: Head): HeadSide {
  const { id, hostname, time } = group.head
  return {
    snapshot: id,
    members: group.members.map((member) => member.id),
    entries: state.entries,
    host: hostname,
    date: dateForNames(time),
  }
}

/** `2026-11-21 18.30` of an RFC 3339 time: no file system refuses it in a name. */
export function dateForNames(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16).replace(':', '.')}`
}

/** What the sides were last equal to, step by step of a merge. */
export async function mergeBasesOf(
  lineage: Lineage<HistorySnapshot>,
  states: States,
  here: HereSide,
  heads: readonly [HeadSide, ...HeadSide[]],
): Promise<(Entries | undefined)[]> {
  const snapshotOf = (side: SnapshotId | 'here'): HistorySnapshot | undefined => {
    const id = side === 'here' ? here.base : side
    return id === undefined ? undefined : lineage.find(id)
  }
  const bases: (Entries | undefined)[] = []
  for (const { merged, side } of mergeSteps({ here, heads })) {
    const theirs = snapshotOf(side)
    const ours = merged.flatMap((one) => snapshotOf(one) ?? [])
    const base = theirs && lineage.mergeBase(ours, theirs)
    bases.push(base && (await states.of(base)).entries)
  }
  return bases
}
