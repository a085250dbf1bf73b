import type { IndexedRepository, SnapshotId } from 'restic-core'
import { SyncError } from './errors.ts'
import { States, isWhollySame } from './heads.ts'
import { type Look, isKnownUnchanged, lookHere, readHere, sizedEntries } from './here.ts'
import { Lineage } from './lineage/lineage.ts'
import { type Alarm, describeAlarm, findAlarm } from './plan/guards.ts'
import { assumeUnread } from './plan/merge.ts'
import { type BasePoint, isInHistory, locate } from './plan/position.ts'
import { refuseRemoved, upToDate } from './pull.ts'
import { adoptPacks } from './remote/adopt-packs.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { isOffline } from './remote/remote.ts'
import { type Conflict, type ConflictSide, type PushReport, placeOf } from './report.ts'
import { type SaveOptions, baseFor, foreseenSnapshot, saveHere, storeHere } from './save-here.ts'
import { type Session, type SessionSettings, type SyncOptions, withSession } from './session.ts'
import type { Base } from './state/folder-state.ts'
import { changesBetween, countChanges } from './tree/changes.ts'
import { type Entries, fileCount, sameEntries, totalSize } from './tree/entry.ts'
import { type RepositoryState, noState } from './tree/repository-state.ts'

export interface PushOptions extends SyncOptions {
  /** Say what would be stored, and store nothing. */
  readonly dryRun?: boolean | undefined
  /** Push although the folder looks emptied or shrunk by accident. */
  readonly allowEmpty?: boolean | undefined
}

/**
 * Stores what is here as the successor of what the folder was last equal to. A push never removes
 * and never rewrites; when somebody else has pushed meanwhile, the state is stored all the same and
 * the report is a conflict.
 *
 * @throws SyncError, ResticError, or `signal.reason`
 */
export async function push(options: PushOptions & SessionSettings): Promise<PushReport> {
  const report = await withSession(options, (session) => pushOrOffline(session, options))
  return report ?? { outcome: 'not-enabled' }
}

async function pushOrOffline(session: Session, options: PushOptions): Promise<PushReport> {
  try {
    return await pushHere(session, options)
  } catch (error) {
    if (!isOffline(error)) throw error
    return { outcome: 'offline', reason: (error as Error).message }
  }
}

async function pushHere(session: Session, options: PushOptions): Promise<PushReport> {
  const lineage = await session.history()
  const look = await lookHere(session)
  const { base } = session.state
  if (lineage.size === 0) await refuseRemoved(session)
  if (isInHistory(lineage, base) && isKnownUnchanged(look, session)) return upToDate(session)
  if (base === undefined && fileCount(sizedEntries(look)) === 0) return upToDate(session)
  if (options.dryRun && !(await session.remote.exists(options))) {
    return dryReport(noState.entries, sizedEntries(look), [])
  }
  session.runtime.pool.prepare(look.scan.unread.size)
  const repository = options.dryRun
    ? await session.remote.repository(options)
    : await session.remote.repositoryForWriting(options)
  return session.locked(repository, options.dryRun !== true, (indexed, signal) =>
    pushInto(session, options, { lineage, look, repository: indexed, signal }),
  )
}

interface PushContext {
  readonly lineage: Lineage<HistorySnapshot>
  readonly look: Look
  readonly repository: IndexedRepository
  readonly signal: AbortSignal
}

async function pushInto(
  session: Session,
  options: PushOptions,
  context: PushContext,
): Promise<PushReport> {
  const { lineage, look, signal } = context
  const repository = options.dryRun ? context.repository : await resumed(session, context)
  const states = new States(session, repository, signal)
  const base = await states.ofId(lineage, session.state.base?.snapshot)
  if (options.allowEmpty !== true) refuseAlarm(session, look, base)
  const equal = await equalHead(session, context, repository, states)
  if (equal !== undefined) {
    if (!options.dryRun) await session.setBase(equal)
    return { outcome: 'up-to-date', snapshot: equal.snapshot }
  }
  const record = await recordOnBase(session, lineage, states, base)
  const save = { lineage, base, record, onlyIfChanged: true, signal }
  if (options.dryRun) return foretell(session, look, repository, save)
  const { snapshot, entries, problems } = await saveHere(session, look, repository, save)
  if (snapshot === undefined) {
    await rebase(session, base, entries)
    return upToDate(session)
  }
  const after = await session.remote.history({ signal: session.signal })
  const conflict = forkAt(session, after, { base, entries, snapshot, point: session.state.base })
  if (conflict !== undefined) return { outcome: 'conflict', conflict, snapshot }
  const changes = changesBetween(base?.entries ?? new Map(), entries)
  const counts = countChanges(changes)
  return { outcome: 'changed', snapshot, changes, counts, problems, isDryRun: false }
}

/** What a push would do and tell, if nobody else pushes meanwhile. */
async function foretell(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  options: SaveOptions,
): Promise<PushReport> {
  const { lineage, base, record } = options
  const stored = await storeHere(session, look, repository, options, { dryRun: true })
  const { entries, tree, problems } = stored
  if (tree === undefined) return upToDate(session)
  const pushed = foreseenSnapshot(session, lineage, record, tree)
  const after = new Lineage([...lineage.snapshots, pushed])
  const point = { snapshot: pushed.id, seen: pushed.seen }
  const conflict = forkAt(session, after, { base, entries, snapshot: undefined, point })
  if (conflict !== undefined) return { outcome: 'conflict', conflict }
  return dryReport(base?.entries ?? noState.entries, entries, problems)
}

/** What an interrupted push left behind is made use of, before the next one. */
async function resumed(
  session: Session,
  { repository, signal }: PushContext,
): Promise<IndexedRepository> {
  if (session.state.push === undefined) return repository
  await session.mayWrite
  const packs = await adoptPacks(repository, { signal })
  if (packs === 0) return repository
  session.tell({ type: 'resumed', packs })
  return repository.loadIndex({ signal })
}

function refuseAlarm(session: Session, look: Look, base: RepositoryState | undefined): void {
  const before = base?.entries ?? new Map()
  const here = assumeUnread(sizedEntries(look), before)
  const alarm = findAlarm(before, here, (path) => session.scope.unitOf(path))
  if (alarm !== undefined) throw alarmError(alarm)
}

function alarmError(alarm: Alarm): SyncError {
  return new SyncError('REFUSED', `nothing was pushed: ${describeAlarm(alarm)}`, {
    hint:
      'If the files were deleted on purpose, push once with --allow-empty. ' +
      'If not, see whether the disk is there, or bring them back with restore.',
  })
}

/** Heads with the same files as the base are succeeded together, also those that have other times. */
async function recordOnBase(
  { state, scope }: Session,
  lineage: Lineage<HistorySnapshot>,
  states: States,
  baseState: RepositoryState | undefined,
): Promise<{ parent: SnapshotId | undefined; settles: SnapshotId[]; isSide: false }> {
  const { base } = state
  if (base === undefined) return { parent: undefined, settles: [], isSide: false }
  const parent = lineage.find(base.snapshot)?.id ?? base.snapshot
  const position = locate(lineage, base)
  const own = position.kind === 'current' || position.kind === 'apart' ? position.own : undefined
  const equal = own === undefined ? [] : [...own.members]
  if (position.kind === 'apart' && own !== undefined && baseState !== undefined) {
    for (const { head, members } of position.heads) {
      if (isWhollySame(scope, await states.of(head), baseState)) equal.push(...members)
    }
  }
  const settles = equal.map(({ id }) => id).filter((id) => id !== parent)
  return { parent, settles, isSide: false }
}

/** A head that the folder is equal to, of those that a pull would bring: it has nothing to push then. */
async function equalHead(
  session: Session,
  { lineage, look, signal }: PushContext,
  repository: IndexedRepository,
  states: States,
): Promise<Base | undefined> {
  const position = locate(lineage, session.state.base)
  const isKnown = isInHistory(lineage, session.state.base)
  const heads = position.kind === 'behind' ? position.head.members : isKnown ? [] : lineage.heads()
  if (heads.length === 0) return undefined
  const { entries } = await readHere(session, look, repository, signal)
  for (const head of heads) {
    const { tree, entries: theirs } = await states.of(head)
    if (sameEntries(theirs, entries)) return baseFor(session, head.id, tree, theirs, head.seen)
  }
  return undefined
}

/** Nothing had changed, whatever the times of the files say: next time that is known at once. */
async function rebase(
  session: Session,
  base: RepositoryState | undefined,
  entries: Entries,
): Promise<void> {
  const known = session.state.base
  if (known === undefined || base === undefined) return session.update({ push: undefined })
  await session.setBase(baseFor(session, known.snapshot, known.tree, entries, known.seen))
}

interface Pushed {
  readonly base: RepositoryState | undefined
  readonly entries: Entries
  /** undefined when it is not stored */
  readonly snapshot: SnapshotId | undefined
  /** where the folder is with it */
  readonly point: BasePoint | undefined
}

/** Whether somebody else has pushed meanwhile; what is here is stored in any case. */
function forkAt(
  session: Session,
  lineage: Lineage<HistorySnapshot>,
  { base, entries, snapshot, point }: Pushed,
): Conflict | undefined {
  const position = locate(lineage, point)
  if (position.kind !== 'apart') return undefined
  const mine: ConflictSide = {
    where: 'here',
    snapshot,
    host: session.host,
    folder: session.files.root,
    time: session.now(),
    files: fileCount(entries),
    bytes: totalSize(entries),
    changes: base && countChanges(changesBetween(base.entries, entries)),
  }
  const there = position.heads.map(({ head }): ConflictSide => {
    const { time, files, bytes } = head
    return { where: 'there', ...placeOf(head), time, files, bytes, changes: undefined }
  })
  return { sides: [mine, ...there], paths: [] }
}

function dryReport(before: Entries, after: Entries, problems: readonly string[]): PushReport {
  const changes = changesBetween(before, after)
  const counts = countChanges(changes)
  return { outcome: 'changed', snapshot: undefined, changes, counts, problems, isDryRun: true }
}
