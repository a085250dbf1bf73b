import {
  type IndexedRepository,
  type SnapshotId,
  SourceError,
  type TreeId,
  untilAborted,
} from 'restic-core'
import { formatTime } from 'restic-core/format'
import { inUse } from './apply/carry-out.ts'
import { bring, plannedChanges } from './bring.ts'
import { SyncError } from './errors.ts'
import {
  type Head,
  type States,
  byProgress,
  dateForNames,
  headSide,
  mergeBasesOf,
} from './heads.ts'
import { type HereState, type Look, contentOptions, requestsOf, lookForStoring } from './here.ts'
import type { HeadGroup, Lineage } from './lineage/lineage.ts'
import {
  type Answer,
  answers,
  type HeadSide,
  type HereSide,
  type Resolution,
  type ResolveInput,
  resolve,
} from './plan/resolve.ts'
import type { PullOptions } from './pull.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { outOfScope, storeState } from './remote/save-state.ts'
import { type StoredContents, storeContents } from './remote/store-contents.ts'
import {
  type Conflict,
  type ConflictSide,
  type Decision,
  type PullReport,
  changedTo,
  placeOf,
} from './report.ts'
import { baseFor, saveHere, saveSnapshot, storeAside } from './save-here.ts'
import type { Session } from './session.ts'
import type { Base } from './state/folder-state.ts'
import { changesBetween, countChanges } from './tree/changes.ts'
import { type Entries, fileCount, sameContent, sameEntries, totalSize } from './tree/entry.ts'
import type { RepositoryState } from './tree/repository-state.ts'

/** The sides of a conflict, read. */
export interface Sides {
  readonly lineage: Lineage<HistorySnapshot>
  readonly states: States
  readonly repository: IndexedRepository
  readonly signal: AbortSignal
  readonly look: Look
  readonly here: HereState
  /** what the folder was last equal to, and its state where that is known */
  readonly synced: Base | undefined
  readonly base: RepositoryState | undefined
  /** heads that are not here */
  readonly heads: readonly Head[]
  /** heads that what is here was last equal to */
  readonly own: HeadGroup<HistorySnapshot> | undefined
  /** whether anything here was changed since the base */
  readonly isChanged: boolean
}

/** Settles a conflict as it is answered, or tells about it. */
export async function settle(
  session: Session,
  options: PullOptions,
  sides: Sides,
): Promise<PullReport> {
  const unanswered = await resolveInput(session, sides, undefined)
  const conflict = describeConflict(session, sides, unanswered)
  // Nobody is asked about what may be out of date.
  await session.mayWrite
  const { answer, there } = await decide(options, conflict, sides.signal)
  const input = there === undefined ? unanswered : await resolveInput(session, sides, there)
  const resolved = resolve(answer, input)
  if (resolved.kind === 'unresolved') return { outcome: 'conflict', conflict }
  return carryOutAnswer(session, options, sides, answer, resolved.resolution)
}

async function decide(
  { onConflict = 'stop' }: PullOptions,
  conflict: Conflict,
  signal: AbortSignal,
): Promise<Decision> {
  const given =
    typeof onConflict === 'string' ? onConflict : await untilAborted(onConflict(conflict), signal)
  // A program in plain JavaScript may answer anything, such as nothing for a window that was closed.
  const decision: Partial<Decision> | undefined =
    typeof given === 'string' ? { answer: given } : given
  const answer = decision?.answer
  if (answer !== undefined && answers.includes(answer)) return { ...decision, answer }
  throw new SyncError('SETTINGS', `a conflict is not settled by ${answer}`, {
    hint: `Answer with one of ${answers.join(', ')}.`,
  })
}

async function resolveInput(
  session: Session,
  sides: Sides,
  chosen: SnapshotId | undefined,
): Promise<ResolveInput> {
  const { lineage, states, here, own, isChanged, base, synced } = sides
  const known = synced?.snapshot
  const hereSide: HereSide = {
    entries: here.entries,
    isChanged,
    base: known === undefined ? undefined : (lineage.find(known)?.id ?? known),
    isHead: own !== undefined,
    host: session.host,
    date: dateForNames(session.now()),
  }
  const heads = byProgress(sides.heads, chosen).map(headSide) as [HeadSide, ...HeadSide[]]
  const placed = base === undefined ? { ...hereSide, base: undefined } : hereSide
  return {
    here: hereSide,
    heads,
    ownHeads: own?.members.map((member) => member.id) ?? [],
    mergeBases: await mergeBasesOf(lineage, states, placed, heads),
    unitOf: (path) => session.scope.unitOf(path),
  }
}

function describeConflict(session: Session, sides: Sides, input: ResolveInput): Conflict {
  const { here, base, heads } = sides
  const facts = (entries: Entries): Pick<ConflictSide, 'files' | 'bytes' | 'changes'> => ({
    files: fileCount(entries),
    bytes: totalSize(entries),
    changes: base && countChanges(changesBetween(base.entries, entries)),
  })
  const there = heads.map(({ group, state }): ConflictSide => {
    const { head } = group
    return { where: 'there', ...placeOf(head), time: head.time, ...facts(state.entries) }
  })
  const mine: ConflictSide = {
    where: 'here',
    snapshot: sides.isChanged ? undefined : input.here.base,
    host: session.host,
    folder: session.files.root,
    time: newestTime(session, here),
    ...facts(here.entries),
  }
  const stopped = resolve('stop', input)
  return {
    sides: [mine, ...there],
    paths: stopped.kind === 'unresolved' ? stopped.conflicts : [],
  }
}

/** When a file here was last changed, as far as its time tells. */
function newestTime({ runtime }: Session, { stats }: HereState): string | undefined {
  let newest: bigint | undefined
  for (const { mtimeNs } of stats.values()) {
    if (newest === undefined || mtimeNs > newest) newest = mtimeNs
  }
  return newest === undefined ? undefined : formatTime(newest, runtime.clock)
}

async function carryOutAnswer(
  session: Session,
  options: PullOptions,
  sides: Sides,
  answer: Answer,
  resolution: Resolution,
): Promise<PullReport> {
  const { look, here } = sides
  const { target, parent, settles, beside } = resolution
  const changes = plannedChanges(session.files, { here, target, rules: look.rules })
  const report = { changes, answer, beside }
  if (options.dryRun) return changedTo({ ...report, snapshot: parent, isDryRun: true })
  if (answer === 'keep-here') {
    const { snapshot } = await saveHere(session, look, sides.repository, {
      ...sides,
      record: { parent, settles, isSide: false },
      onlyIfChanged: false,
    })
    return changedTo({ ...report, snapshot })
  }
  const going = changes.map(({ path }) => path)
  const storedAside = resolution.storesHere
    ? await storeAside(session, look, sides.repository, sides, going)
    : undefined
  const base = await recorded(session, sides, resolution)
  const input = { kind: 'pull', here, target, tree: base.tree, rules: look.rules, base } as const
  await bring(session, sides.repository, { ...input, signal: sides.signal })
  return changedTo({ ...report, snapshot: base.snapshot, storedAside })
}

/** The snapshot that everybody shall have: one that is there, or a new one that settles the rest. */
async function recorded(
  session: Session,
  sides: Sides,
  { target, parent, settles, needsSnapshot }: Resolution,
): Promise<Base> {
  const there = sides.heads.find(({ group }) => group.head.id === parent)
  if (there === undefined) throw new TypeError('a conflict is settled towards one of its heads')
  const isThere = sameEntries(target, there.state.entries)
  if (!needsSnapshot) {
    const { id, seen } = there.group.head
    return baseFor(session, id, there.state.tree, target, seen)
  }
  const startNs = session.runtime.clock.nowNs()
  const stored = isThere
    ? { tree: there.state.tree, added: nothingAdded }
    : await storeMerged(session, sides, there, target)
  return saveSnapshot(session, sides.repository, sides.lineage, {
    ...stored,
    record: { parent, settles, isSide: false },
    entries: target,
    before: there.state.entries,
    startNs,
    isPartial: false,
    isHere: false,
  })
}

const nothingAdded = { dataBlobs: 0, treeBlobs: 0, added: 0, addedPacked: 0 }

/** Stores a state that was made of several: contents that only this disk has, and the trees. */
async function storeMerged(
  session: Session,
  sides: Sides,
  there: Head,
  target: Entries,
): Promise<{ readonly tree: TreeId; readonly added: typeof nothingAdded }> {
  const { repository, here, signal, heads, base } = sides
  const look = lookForStoring(sides.look, repository)
  return repository.writing(
    async (blobs) => {
      const options = contentOptions(session, look)
      const contents = await storeContents(blobs, session.runtime, requestsOf(look), options)
      refuseChanged(here.entries, contents)
      const isInScope = (path: string): boolean => session.scope.includes(path, false)
      const all = new Map([...outOfScope(there.state, isInScope), ...target])
      const others = heads.filter((head) => head !== there).map(({ state }) => state)
      const tree = await storeState(blobs, repository, all, {
        states: [there.state, ...others, ...(base === undefined ? [] : [base])],
        source: session.platform.source(),
        root: session.files.root,
      })
      return { tree, added: blobs.added }
    },
    {
      signal,
      mayWrite: session.mayWrite,
      onEvent: ({ bytes }) => session.tell({ type: 'sent', bytes }),
    },
  )
}

/** The decision was made about what was here then. */
function refuseChanged(entries: Entries, contents: StoredContents): void {
  const changed = [...contents].filter(([path, result]) => {
    const entry = entries.get(path)
    if (result instanceof SourceError) return entry?.type === 'file'
    return entry?.type !== 'file' || !sameContent(entry.content, result.content)
  })
  if (changed.length > 0) throw inUse(changed.map(([path]) => path))
}
