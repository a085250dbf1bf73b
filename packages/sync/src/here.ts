import { type IndexedRepository, SourceError } from 'restic-core'
import { storeContents, type StoredContents } from './remote/store-contents.ts'
import type { Session } from './session.ts'
import type { Entries, Entry } from './tree/entry.ts'
import { fingerprint } from './tree/fingerprint.ts'
import { type Placement, markOf, sameMark } from './apply/journal.ts'
import type { FileStat } from './files/folder-files.ts'
import type { FileSystemRules } from './plan/names.ts'
import type { Base } from './state/folder-state.ts'
import { type Scan, isExecutable, scanFolder } from './tree/scan.ts'
import {
  type CachedFile,
  type ScanCache,
  isSettled,
  readScanCache,
  sameStat,
  writeScanCache,
} from './tree/scan-cache.ts'

/** The folder as it is, as far as stats tell. */
export interface Look {
  readonly scan: Scan
  readonly cache: ScanCache
  /** of the repository that the cache's contents were cut for */
  readonly repository: string | undefined
  readonly rules: FileSystemRules
}

/** The folder as it is, contents included. */
export interface HereState {
  readonly entries: Entries
  readonly stats: ReadonlyMap<string, FileStat>
  /** files that changed while they were read, each time */
  readonly unstable: readonly string[]
}

/** How often a file is read again that a running game changes meanwhile. */
const rereads = 3

export async function lookHere(session: Session): Promise<Look> {
  const { files, scope, platform, signal } = session
  const { cache, repository } = await readScanCache(files)
  const rules = await platform.rules(files)
  const scan = await scanFolder(files, scope, cache, {
    signal,
    rules,
    executableOf: (path) => cache.get(path)?.entry.executable ?? false,
  })
  for (const note of scan.notes) session.tell({ type: 'note', note })
  return { scan, cache, repository, rules }
}

/** Whether the folder is known to be as it was at the last sync. It may be although this says no. */
export function isKnownUnchanged(
  { scan }: Look,
  { state, scopeId, runtime }: Session,
  base: Base | undefined = state.base,
): boolean {
  if (base?.content === undefined || base.scope !== scopeId || scan.unread.size > 0) return false
  if ([...scan.entries.values()].some((entry) => entry.type === 'unreadable')) return false
  return fingerprint(scan.entries, runtime.kernel) === base.content
}

/** The state as it is before contents are read: unread files count as present, with unknown blobs. */
export function sizedEntries({ scan }: Look): Entries {
  const entries = new Map<string, Entry>(scan.entries)
  for (const [path, { size }] of scan.unread) {
    entries.set(path, { type: 'file', content: [], size, executable: false })
  }
  return entries
}

/** Reads the files whose stat is not known, without storing anything. */
export async function readHere(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  signal: AbortSignal,
): Promise<HereState> {
  const usable = usableLook(look, repository)
  const contents = await repository.writing(
    (blobs) =>
      storeContents(blobs, session.runtime, requestsOf(usable), contentOptions(session, usable)),
    { signal, dryRun: true },
  )
  return finishLook(session, usable, repository, contents)
}

export function contentOptions(
  session: Session,
  { scan }: Look,
): Parameters<typeof storeContents>[3] {
  let bytes = 0
  let bytesTotal = 0
  for (const { size } of scan.unread.values()) bytesTotal += size
  const filesTotal = scan.unread.size
  return {
    root: session.files.root,
    rereads,
    onRead: (_path, more) => {
      bytes += more
      session.tell({ type: 'read', bytes, bytesTotal, filesTotal })
    },
  }
}

export function requestsOf({ scan }: Look): { readonly path: string; readonly stat: FileStat }[] {
  return Array.from(scan.unread, ([path, stat]) => ({ path, stat }))
}

/** Contents that were cut for another repository are of no use: it cuts at other places. */
function usableLook(look: Look, repository: IndexedRepository): Look {
  if (look.repository === repository.config.id || look.cache.size === 0) return look
  return { ...withUnread(look, look.scan.stats.keys()), cache: new Map() }
}

/** What is known of a file is no reason not to store it: it may be known from looking only. */
export function lookForStoring(look: Look, repository: IndexedRepository): Look {
  const usable = usableLook(look, repository)
  const missing: string[] = []
  for (const [path, entry] of usable.scan.entries) {
    if (entry.type !== 'file') continue
    if (!entry.content.every((id) => repository.index.has('data', id))) missing.push(path)
  }
  return missing.length === 0 ? usable : withUnread(usable, missing)
}

function withUnread(look: Look, paths: Iterable<string>): Look {
  const entries = new Map(look.scan.entries)
  const unread = new Map(look.scan.unread)
  for (const path of paths) {
    const stat = look.scan.stats.get(path)
    if (stat === undefined) continue
    entries.delete(path)
    unread.set(path, stat)
  }
  return { ...look, scan: { ...look.scan, entries, unread } }
}

/** Puts what was read to what was known, and keeps it for the next scan. */
export async function finishLook(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  contents: StoredContents,
): Promise<HereState> {
  const { scan, rules, cache } = look
  const entries = new Map<string, Entry>(scan.entries)
  const unstable: string[] = []
  const options = {
    rules,
    executableOf: (path: string) => cache.get(path)?.entry.executable ?? false,
  }
  for (const [path, result] of contents) {
    const stat = scan.stats.get(path)
    if (stat === undefined) continue
    if (result instanceof SourceError) {
      if (result.reason === 'not-found') continue
      entries.set(path, { type: 'unreadable' })
      session.tell({ type: 'note', note: { path, kind: 'unreadable' } })
      continue
    }
    const { content, size, isStable } = result
    entries.set(path, {
      type: 'file',
      content,
      size,
      executable: isExecutable(path, stat, options),
    })
    if (!isStable) unstable.push(path)
  }
  const isNew = contents.size > 0 || scan.stats.size !== cache.size
  if (isNew) {
    const isUsable = (path: string, stat: FileStat): boolean =>
      !contents.has(path) || isUnchanged(session, path, stat, scan.nowNs)
    await keepScan(session, repository, { entries, stats: scan.stats, isUsable })
  }
  return { entries, stats: scan.stats, unstable }
}

interface Findings {
  readonly entries: Entries
  readonly stats: ReadonlyMap<string, FileStat>
  /** Whether the file had this stat when its content was that of its entry. */
  readonly isUsable: (path: string, stat: FileStat) => boolean
}

/**
 * A file that changed since its stat was taken, or might without our noticing, is not kept.
 *
 * @param nowNs the file system's time before anything was read
 */
function isUnchanged({ files }: Session, path: string, stat: FileStat, nowNs: bigint): boolean {
  if (!isSettled(stat, nowNs)) return false
  const now = files.stat(path)
  return now !== undefined && sameStat(now, stat)
}

async function keepScan(
  { files }: Session,
  repository: IndexedRepository,
  { entries, stats, isUsable }: Findings,
): Promise<void> {
  const kept = new Map<string, CachedFile>()
  for (const [path, stat] of stats) {
    const entry = entries.get(path)
    if (entry?.type === 'file' && isUsable(path, stat)) kept.set(path, { stat, entry })
  }
  await writeScanCache(files, repository.config.id, kept)
}

export interface Placed {
  readonly target: Entries
  /** the folder as it was before */
  readonly here: HereState
  readonly placements: readonly Placement[]
  /** the file system's time after all was put in place */
  readonly nowNs: bigint
}

/** After a change of the folder: what was put in place is known without reading it. */
export async function keepPlaced(
  session: Session,
  repository: IndexedRepository,
  { target, here, placements, nowNs }: Placed,
): Promise<void> {
  const marks = new Map(placements.map(({ path, mark }) => [path, mark]))
  const stats = new Map<string, FileStat>()
  for (const path of target.keys()) {
    const stat = marks.has(path) ? session.files.stat(path) : here.stats.get(path)
    if (stat?.type === 'file') stats.set(path, stat)
  }
  // What was not put in place is what it was before; the target may only assume it, of an unread file.
  const known = await readScanCache(session.files)
  const isUsable = (path: string, stat: FileStat): boolean => {
    const mark = marks.get(path)
    if (mark !== undefined) return sameMark(mark, markOf(stat)) && isSettled(stat, nowNs)
    const before = known.repository === repository.config.id ? known.cache.get(path) : undefined
    return before !== undefined && sameStat(before.stat, stat)
  }
  await keepScan(session, repository, { entries: target, stats, isUsable })
}
