import { MissingError, type SnapshotId } from 'restic-core'
import { SyncError } from './errors.ts'
import { States } from './heads.ts'
import { lookHere, readHere } from './here.ts'
import type { Lineage } from './lineage/lineage.ts'
import { partialTag, settledBy, sideTag } from './lineage/marks.ts'
import { assumeUnread } from './plan/merge.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import type { NotEnabled } from './report.ts'
import { type Session, type SyncOptions, withSession } from './session.ts'
import { type Change, type ChangeCounts, changesBetween } from './tree/changes.ts'
import type { Entries } from './tree/entry.ts'
import { countTreeChanges } from './tree/diff-trees.ts'
import { findInstanceRoot } from './tree/instance-root.ts'

export interface HistoryItem {
  readonly snapshot: SnapshotId
  /** RFC 3339: for people, it decides nothing */
  readonly time: string
  readonly host: string
  readonly parent: SnapshotId | undefined
  readonly settles: readonly SnapshotId[]
  readonly isHead: boolean
  /** this folder was last equal to it */
  readonly isBase: boolean
  /** stored only so that it is not lost */
  readonly isSide: boolean
  /** some files could not be read when it was made */
  readonly isPartial: boolean
  readonly files: number | undefined
  /** bytes */
  readonly bytes: number | undefined
  /** since its parent; undefined when nobody asked, or the parent was forgotten */
  readonly changes: ChangeCounts | undefined
}

export interface HistoryOptions extends SyncOptions {
  /** No more than the newest so many. */
  readonly limit?: number | undefined
  /** Tell what each of them changed; on unless said otherwise. */
  readonly withChanges?: boolean | undefined
}

export interface History {
  readonly outcome: 'history'
  /** the newest first: each before those it builds on */
  readonly items: readonly HistoryItem[]
  readonly total: number
}

export type HistoryReport = NotEnabled | History

/** The states of this instance. */
export async function history(options: HistoryOptions): Promise<HistoryReport> {
  const report = await withSession(options, (session) => historyOf(session, options))
  return report ?? { outcome: 'not-enabled' }
}

async function historyOf(session: Session, options: HistoryOptions): Promise<History> {
  const lineage = await session.history()
  const all = newestFirst(lineage)
  const shown = all.slice(0, options.limit ?? all.length)
  const heads = new Set(lineage.heads())
  const base = session.state.base && lineage.find(session.state.base.snapshot)
  const changes = await changesOf(session, lineage, shown, options.withChanges !== false)
  const items = shown.map((snapshot) => ({
    snapshot: snapshot.id,
    time: snapshot.time,
    host: snapshot.hostname,
    parent: snapshot.parent,
    settles: settledBy(snapshot.tags),
    isHead: heads.has(snapshot),
    isBase: snapshot === base,
    isSide: snapshot.tags.includes(sideTag),
    isPartial: snapshot.tags.includes(partialTag),
    files: snapshot.files,
    bytes: snapshot.bytes,
    changes: changes.get(snapshot.id),
  }))
  return { outcome: 'history', items, total: all.length }
}

/** Each before those it builds on; among those that are free to come next, the one with the latest time. */
function newestFirst(lineage: Lineage<HistorySnapshot>): HistorySnapshot[] {
  const below = (snapshot: HistorySnapshot): HistorySnapshot[] =>
    [snapshot.parent, ...settledBy(snapshot.tags)].flatMap((id) =>
      id === undefined ? [] : (lineage.find(id) ?? []),
    )
  const above = new Map<HistorySnapshot, number>()
  for (const snapshot of lineage.snapshots) {
    for (const older of new Set(below(snapshot))) above.set(older, (above.get(older) ?? 0) + 1)
  }
  const free = [...lineage.snapshots].filter((snapshot) => !above.has(snapshot))
  const order: HistorySnapshot[] = []
  while (free.length > 0) {
    free.sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
    const next = free.pop() as HistorySnapshot
    order.push(next)
    for (const older of new Set(below(next))) {
      const left = (above.get(older) ?? 0) - 1
      above.set(older, left)
      if (left === 0) free.push(older)
    }
  }
  return order
}

async function changesOf(
  session: Session,
  lineage: Lineage<HistorySnapshot>,
  snapshots: readonly HistorySnapshot[],
  isWanted: boolean,
): Promise<ReadonlyMap<SnapshotId, ChangeCounts>> {
  const changes = new Map<SnapshotId, ChangeCounts>()
  if (!isWanted || snapshots.length === 0) return changes
  const repository = await session.remote.repository(session.options)
  await session.locked(repository, false, async (indexed, signal) => {
    for (const snapshot of snapshots) {
      const parent = snapshot.parent === undefined ? undefined : lineage.find(snapshot.parent)
      if (snapshot.parent !== undefined && parent === undefined) continue
      const before = parent && (await findInstanceRoot(indexed, parent, { signal }))
      const after = await findInstanceRoot(indexed, snapshot, { signal })
      const options = { scope: session.scope, signal }
      changes.set(snapshot.id, await countTreeChanges(indexed, before, after, options))
    }
  })
  return changes
}

export interface DiffOptions extends SyncOptions {
  /** The beginning of an id, or a time; the state the folder was last equal to unless given. */
  readonly from?: string | undefined
  /** The folder as it is unless given. */
  readonly to?: string | undefined
}

export interface Diff {
  readonly outcome: 'diff'
  readonly from: SnapshotId | undefined
  /** undefined: the folder */
  readonly to: SnapshotId | undefined
  readonly changes: readonly Change[]
}

export type DiffReport = NotEnabled | Diff

/** Paths in scope that differ between two states, or a state and the folder. */
export async function diff(options: DiffOptions): Promise<DiffReport> {
  const report = await withSession(options, (session) => diffOf(session, options))
  return report ?? { outcome: 'not-enabled' }
}

async function diffOf(session: Session, { from, to }: DiffOptions): Promise<Diff> {
  const lineage = await session.history()
  const look = to === undefined ? await lookHere(session) : undefined
  const base = session.state.base && lineage.find(session.state.base.snapshot)
  const left = from === undefined ? base : findState(lineage, from)
  const right = to === undefined ? undefined : findState(lineage, to)
  const report = { outcome: 'diff', from: left?.id, to: right?.id } as const
  const repository = await session.remote.repository(session.options)
  return session.locked(repository, false, async (indexed, signal) => {
    const states = new States(session, indexed, signal)
    const before: Entries = left === undefined ? new Map() : (await states.of(left)).entries
    if (right !== undefined) {
      return { ...report, changes: changesBetween(before, (await states.of(right)).entries) }
    }
    if (look === undefined) throw new TypeError('without a second state the folder is looked at')
    const here = await readHere(session, look, indexed, signal)
    return { ...report, changes: changesBetween(before, assumeUnread(here.entries, before)) }
  })
}

const idPattern = /^[0-9a-f]{4,64}$/

/**
 * A state by the beginning of its id, by `latest`, or by a time: the newest one that is not after it.
 *
 * @throws MissingError, SyncError 'NOT_FOUND'
 */
export function findState(lineage: Lineage<HistorySnapshot>, text: string): HistorySnapshot {
  const order = newestFirst(lineage).filter(({ tags }) => !tags.includes(sideTag))
  if (text === 'latest' && order[0] !== undefined) return order[0]
  if (idPattern.test(text)) return byPrefix(lineage, text)
  const time = endOf(text)
  if (Number.isNaN(time)) {
    throw new SyncError('NOT_FOUND', `${text} is neither the id of a state nor a time`, {
      hint: 'Times look like 2026-11-21 or "2026-11-21 18:30".',
    })
  }
  const found = order
    .filter((snapshot) => Date.parse(snapshot.time) <= time)
    .toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time))[0]
  if (found !== undefined) return found
  throw new SyncError('NOT_FOUND', `there is no state as old as ${text}`)
}

const timePattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * The last moment that a time means, milliseconds since 1970: of a minute or a day that is shown for a
 * state, that state is meant. A time without a zone is one of here.
 */
function endOf(text: string): number {
  const [, date, minute = '23:59', second = '59', fraction = '999', zone = ''] =
    timePattern.exec(text) ?? []
  // Date.parse alone finds a time in nearly any text with a number in it, and takes 31 February for March.
  if (date === undefined || !isOfCalendar(date)) return NaN
  return Date.parse(`${date}T${minute}:${second}.${fraction}${zone}`)
}

function isOfCalendar(date: string): boolean {
  const midnight = Date.parse(`${date}T00:00Z`)
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date)
}

function byPrefix(lineage: Lineage<HistorySnapshot>, prefix: string): HistorySnapshot {
  const found = [...lineage.snapshots].filter(({ id }) => id.startsWith(prefix))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (only === undefined) throw new MissingError(`snapshot ${prefix}`)
  throw new SyncError('NOT_FOUND', `${found.length} states have ids that start with ${prefix}`)
}
