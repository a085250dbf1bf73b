import type { SnapshotId } from 'restic-core'
import { type Entries, sameEntries } from '../tree/entry.ts'
import { placeBeside } from './beside.ts'
import { type PathConflict, mergeStates } from './merge.ts'

export type Answer = 'stop' | 'keep-here' | 'keep-there' | 'keep-both' | 'merge'

export const answers: readonly Answer[] = ['stop', 'keep-here', 'keep-there', 'keep-both', 'merge']

/** One side of a conflict that is in the repository. */
export interface HeadSide {
  readonly snapshot: SnapshotId
  /** heads with the same state, this one included */
  readonly members: readonly SnapshotId[]
  readonly entries: Entries
  readonly host: string
  /** for people, and safe in names: `2026-11-21 18.30` */
  readonly date: string
}

/** The side that is on this disk. */
export interface HereSide {
  readonly entries: Entries
  /** whether anything was changed since the base */
  readonly isChanged: boolean
  /** the snapshot it was last equal to, if the repository still has it */
  readonly base: SnapshotId | undefined
  /** whether the base is a head, so that what is here is one of the sides even when unchanged */
  readonly isHead: boolean
  readonly host: string
  readonly date: string
}

export interface ResolveInput {
  readonly here: HereSide
  /** the heads that are not here; the first is "there" for those answers that want one */
  readonly heads: readonly [HeadSide, ...HeadSide[]]
  /** heads that are here: equal to the base */
  readonly ownHeads: readonly SnapshotId[]
  /** for each step of `mergeSteps`: what the side and those before it were last equal to */
  readonly mergeBases: readonly (Entries | undefined)[]
  readonly unitOf: (path: string) => string | undefined
}

/** What an answer comes to: the state that all machines shall have, and how it is recorded. */
export interface Resolution {
  readonly target: Entries
  /** what is here changes, and is not stored yet */
  readonly storesHere: boolean
  readonly parent: SnapshotId | undefined
  readonly settles: readonly SnapshotId[]
  /** false: the parent is that state already, and nothing is left to settle */
  readonly needsSnapshot: boolean
  /** where what could not be merged was put */
  readonly beside: ReadonlyMap<string, string>
}

/** The conflicts, when the answer is not enough to settle all of them. */
export type Resolved =
  | { readonly kind: 'resolved'; readonly resolution: Resolution }
  | { readonly kind: 'unresolved'; readonly conflicts: readonly PathConflict[] }

export function resolve(answer: Answer, input: ResolveInput): Resolved {
  switch (answer) {
    case 'stop':
      return { kind: 'unresolved', conflicts: combine(input, false).conflicts }
    case 'keep-here':
      return { kind: 'resolved', resolution: keepHere(input) }
    case 'keep-there':
      return { kind: 'resolved', resolution: towards(input, input.heads[0].entries, new Map()) }
    case 'merge': {
      const { result, conflicts } = combine(input, false)
      if (conflicts.length > 0) return { kind: 'unresolved', conflicts }
      return { kind: 'resolved', resolution: towards(input, result, new Map()) }
    }
    case 'keep-both': {
      const { result, beside } = combine(input, true)
      return { kind: 'resolved', resolution: towards(input, result, beside) }
    }
  }
}

function keepHere({ here, heads, ownHeads }: ResolveInput): Resolution {
  const all = [...ownHeads, ...heads.flatMap((head) => head.members)]
  return {
    target: here.entries,
    storesHere: false,
    parent: here.base,
    settles: all.filter((id) => id !== here.base),
    needsSnapshot: true,
    beside: new Map(),
  }
}

/** The state is built upon the first head, and settles the others. */
function towards(
  { here, heads, ownHeads }: ResolveInput,
  target: Entries,
  beside: ReadonlyMap<string, string>,
): Resolution {
  const [there] = heads
  const all = [...ownHeads, ...heads.flatMap((head) => head.members)]
  const settles = all.filter((id) => id !== there.snapshot)
  return {
    target,
    storesHere: here.isChanged && !sameEntries(target, here.entries),
    parent: there.snapshot,
    settles,
    needsSnapshot: settles.length > 0 || !sameEntries(target, there.entries),
    beside,
  }
}

/** A side that is merged into those before it. */
export interface MergeStep {
  readonly merged: readonly (SnapshotId | 'here')[]
  readonly side: SnapshotId | 'here'
}

/** The order in which sides are merged: what is there, then what is here, then further heads. */
export function mergeSteps({ here, heads }: Pick<ResolveInput, 'here' | 'heads'>): MergeStep[] {
  const [there, ...others] = heads.map((head) => head.snapshot)
  const sides = isSide(here) ? ['here' as const, ...others] : others
  return sides.map((side, at) => ({
    merged: [there as SnapshotId, ...sides.slice(0, at)],
    side,
  }))
}

function isSide(here: HereSide): boolean {
  return here.isChanged || here.isHead
}

interface Combined {
  readonly result: Entries
  readonly conflicts: readonly PathConflict[]
  readonly beside: ReadonlyMap<string, string>
}

/**
 * All sides in one state.
 *
 * @param keepsBoth puts what conflicts beside; otherwise the result is of use only without conflicts
 */
function combine(input: ResolveInput, keepsBoth: boolean): Combined {
  const [there, ...others] = input.heads
  let result = there.entries
  const conflicts: PathConflict[] = []
  const beside = new Map<string, string>()
  const sides = isSide(input.here) ? [input.here, ...others] : others
  for (const [step, { entries, host, date }] of sides.entries()) {
    const base = input.mergeBases[step]
    const merge = mergeStates({ base, here: entries, there: result, unitOf: input.unitOf })
    result = merge.result
    conflicts.push(...merge.conflicts)
    if (!keepsBoth) continue
    const both = placeBeside(result, entries, merge.conflicts, { host, date })
    result = both.result
    for (const [path, place] of both.placed) beside.set(path, place)
  }
  return { result, conflicts, beside }
}
