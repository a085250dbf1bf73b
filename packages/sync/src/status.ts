import type { IndexedRepository, LockHolder, Repository, SnapshotId } from 'restic-core'
import type { FileStat } from './files/folder-files.ts'
import { States } from './heads.ts'
import { type Look, isKnownUnchanged, lookHere, readHere, sizedEntries } from './here.ts'
import { othersUsing } from './in-use.ts'
import type { Lineage } from './lineage/lineage.ts'
import { describeAlarm, findAlarm } from './plan/guards.ts'
import { assumeUnread } from './plan/merge.ts'
import { type Position, isInHistory, locate } from './plan/position.ts'
import { removedError } from './pull.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { shownUrl } from './remote/location.ts'
import { isOffline } from './remote/remote.ts'
import type { NotEnabled } from './report.ts'
import { type Session, type SyncOptions, withSession } from './session.ts'
import { type ChangeCounts, changesBetween, countChanges } from './tree/changes.ts'
import { type Entries, fileCount, sameEntries, sameFiles } from './tree/entry.ts'

/** A state that nothing builds on. */
export interface HeadFacts {
  readonly snapshot: SnapshotId
  /** RFC 3339 */
  readonly time: string
  readonly host: string
  /** whether this folder was last equal to it */
  readonly isBase: boolean
}

/** Bytes on the server's side. */
export interface Storage {
  /** of all packs */
  readonly used: number
  /** that may still be stored: known for a folder, REST servers do not tell */
  readonly free: number | undefined
}

export interface Status {
  readonly outcome: 'status'
  readonly instanceId: string
  /** without credentials */
  readonly url: string
  /** the state this folder was last equal to */
  readonly base: SnapshotId | undefined
  /** when that was, and on which machine */
  readonly lastSync: { readonly time: string; readonly host: string } | undefined
  /** what a push would store */
  readonly here: ChangeCounts
  /** what a pull would bring; undefined when the server was not reached, or there is a conflict */
  readonly there: ChangeCounts | undefined
  readonly verdict: 'equal' | 'push' | 'pull' | 'conflict' | 'unknown'
  readonly heads: readonly HeadFacts[]
  readonly snapshotCount: number | undefined
  /** why a push would refuse what is here, as a person is told; undefined when it would not */
  readonly refusal: string | undefined
  /** what the repository takes on its store; undefined when that was not asked or is not told */
  readonly storage: Storage | undefined
  /** machines that use the instance just now */
  readonly inUse: readonly LockHolder[]
  /** why the server was not reached */
  readonly offline: string | undefined
}

export type StatusReport = NotEnabled | Status

/** What a pull or a push would do now. Changes nothing but caches. */
export async function status(options: SyncOptions): Promise<StatusReport> {
  const waiting = { lockWaitMs: 0, ...options }
  return (await withSession(waiting, statusOf)) ?? { outcome: 'not-enabled' }
}

async function statusOf(session: Session): Promise<Status> {
  const look = await lookHere(session)
  let lineage: Lineage<HistorySnapshot>
  try {
    lineage = await session.history()
  } catch (error) {
    if (!isOffline(error)) throw error
    const unchanged = isKnownUnchanged(look, session)
    return {
      ...facts(session),
      here: unchanged ? noChanges : countChanges(changesBetween(new Map(), sizedEntries(look))),
      there: undefined,
      verdict: 'unknown',
      heads: [],
      snapshotCount: undefined,
      refusal: undefined,
      storage: undefined,
      inUse: [],
      offline: (error as Error).message,
    }
  }
  const position = locate(lineage, session.state.base)
  return { ...facts(session), ...(await compare(session, look, lineage, position)) }
}

function facts({
  settings,
  state,
}: Session): Pick<Status, 'outcome' | 'instanceId' | 'url' | 'base' | 'lastSync'> {
  const { base, time, host } = state
  return {
    outcome: 'status',
    instanceId: settings.instanceId,
    url: shownUrl(settings.url),
    base: base?.snapshot,
    lastSync: base && time !== undefined && host !== undefined ? { time, host } : undefined,
  }
}

const untold = { refusal: undefined, storage: undefined, inUse: [] }
const noChanges: ChangeCounts = { added: 0, changed: 0, removed: 0, bytes: 0 }

async function compare(
  session: Session,
  look: Look,
  lineage: Lineage<HistorySnapshot>,
  position: Position<HistorySnapshot>,
): Promise<Omit<Status, 'outcome' | 'instanceId' | 'url' | 'base' | 'lastSync'>> {
  const known = {
    heads: headFacts(session, lineage),
    snapshotCount: lineage.size,
    offline: undefined,
  }
  if (position.kind === 'empty') {
    const here = countChanges(changesBetween(new Map(), sizedEntries(look)))
    const verdict = fileCount(sizedEntries(look)) === 0 ? 'equal' : 'push'
    const refusal = (await removedError(session))?.message
    return { ...known, ...untold, refusal, here, there: noChanges, verdict }
  }
  const repository = await session.remote.repository(session.options)
  const inUse = await othersUsing(session, repository, session.options)
  const storage = await storageOf(session, repository)
  const told = { ...known, refusal: undefined, storage, inUse }
  if (position.kind === 'current' && isInBase(session, lineage, look)) {
    return { ...told, here: noChanges, there: noChanges, verdict: 'equal' }
  }
  return session.locked(repository, false, async (indexed, signal) => {
    const states = new States(session, indexed, signal)
    const { before, entries } = await sidesHere(session, lineage, look, { states, indexed, signal })
    const here = countChanges(changesBetween(before, entries))
    const isChanged = !sameEntries(before, entries)
    const alarm = findAlarm(before, entries, (path) => session.scope.unitOf(path))
    const found = { ...told, here, refusal: alarm && describeAlarm(alarm) }
    if (position.kind === 'current') {
      return { ...found, there: noChanges, verdict: isChanged ? 'push' : 'equal' }
    }
    const isFresh = session.state.base === undefined && fileCount(entries) === 0
    // Others may have stored the same files with other times: there is nothing to pull from those.
    const ours = position.kind === 'apart' && position.own !== undefined ? before : entries
    const theirs: Entries[] = []
    for (const { head } of position.kind === 'apart' ? position.heads : [position.head]) {
      theirs.push((await states.of(head)).entries)
    }
    if (theirs.every((there) => sameEntries(there, ours))) {
      const isPushed = ours === entries || !isChanged
      return { ...found, there: noChanges, verdict: isPushed ? 'equal' : 'push' }
    }
    const [only] = theirs
    const isConflict =
      position.kind === 'apart'
        ? !isFresh || position.heads.length > 1
        : !sameFiles(before, entries)
    if (isConflict || only === undefined) return { ...found, there: undefined, verdict: 'conflict' }
    return { ...found, there: countChanges(changesBetween(entries, only)), verdict: 'pull' }
  })
}

/** Whether the history has all that is here, as the fingerprint of the last sync tells. */
function isInBase(session: Session, lineage: Lineage<HistorySnapshot>, look: Look): boolean {
  return isInHistory(lineage, session.state.base) && isKnownUnchanged(look, session)
}

/** What the folder was last equal to, and what it is. */
async function sidesHere(
  session: Session,
  lineage: Lineage<HistorySnapshot>,
  look: Look,
  { states, indexed, signal }: { states: States; indexed: IndexedRepository; signal: AbortSignal },
): Promise<{ readonly before: Entries; readonly entries: Entries }> {
  const base = await states.ofId(lineage, session.state.base?.snapshot)
  if (base !== undefined && isInBase(session, lineage, look)) {
    return { before: base.entries, entries: base.entries }
  }
  const { entries } = await readHere(session, look, indexed, signal)
  if (base !== undefined) {
    return { before: base.entries, entries: assumeUnread(entries, base.entries) }
  }
  // An operator may have forgotten the base, and what is here can still be equal to it.
  const scan = { ...look.scan, entries, unread: new Map<string, FileStat>() }
  const isUnchanged = isInBase(session, lineage, { ...look, scan })
  return { before: isUnchanged ? entries : new Map(), entries: assumeUnread(entries, new Map()) }
}

/** One listing. */
async function storageOf(session: Session, repository: Repository): Promise<Storage> {
  let used = 0
  for await (const { size } of repository.listFiles('pack', session.options)) used += size
  return { used, free: await session.remote.freeBytes() }
}

function headFacts({ state }: Session, lineage: Lineage<HistorySnapshot>): HeadFacts[] {
  const base = state.base && lineage.find(state.base.snapshot)
  return lineage.heads().map((head) => ({
    snapshot: head.id,
    time: head.time,
    host: head.hostname,
    isBase: head === base,
  }))
}
