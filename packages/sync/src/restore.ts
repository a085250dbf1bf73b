import {
  type IndexedRepository,
  type RestorePlan,
  type SnapshotId,
  planRestore,
  restore as restoreTree,
} from 'restic-core'
import { bring, plannedChanges } from './bring.ts'
import { SyncError } from './errors.ts'
import type { FolderFiles } from './files/folder-files.ts'
import { States } from './heads.ts'
import { type Look, lookHere, readHere } from './here.ts'
import { findState } from './history.ts'
import type { Lineage } from './lineage/lineage.ts'
import { assumeUnread } from './plan/merge.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import type { NotEnabled } from './report.ts'
import { storeAside } from './save-here.ts'
import { isControl } from './scope/scope.ts'
import { type Session, type SyncOptions, withSession } from './session.ts'
import { type Change, type ChangeCounts, countChanges } from './tree/changes.ts'
import { type Entries, type Entry, dropFilledFolders, isWithin, sameEntries } from './tree/entry.ts'
import { type RepositoryState, noState } from './tree/repository-state.ts'

export interface RestoreOptions extends SyncOptions {
  /** The beginning of an id, `latest`, or a time. */
  readonly state: string
  /** Only these files and folders, relative to the pack folder; everything when there are none. */
  readonly paths?: readonly string[] | undefined
  /** Restore into this folder instead; what is there already and differs is an error. */
  readonly to?: string | undefined
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean | undefined
}

export interface Restored {
  readonly outcome: 'changed'
  readonly snapshot: SnapshotId
  /** in the pack folder; empty when it went elsewhere */
  readonly changes: readonly Change[]
  readonly counts: ChangeCounts
  /** what was here before, stored because it was not in the history */
  readonly storedAside: SnapshotId | undefined
  readonly isDryRun: boolean
}

export type RestoreReport = NotEnabled | Restored

/**
 * Brings back an old state or a part of it. The folder's base stays, so the next push makes it the
 * newest state; `undo` puts back what was replaced.
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  const restored = await withSession(options, (session) => restoreState(session, options))
  return restored ?? { outcome: 'not-enabled' }
}

async function restoreState(session: Session, options: RestoreOptions): Promise<RestoreReport> {
  const lineage = await session.history()
  const snapshot = findState(lineage, options.state)
  const look = options.to === undefined ? await lookHere(session) : undefined
  const repository = await session.remote.repository(options)
  return session.locked(repository, false, async (indexed, signal) => {
    const states = new States(session, indexed, signal)
    const state = await states.of(snapshot)
    const paths = (options.paths ?? []).map(cleanPath)
    refuseMissing(state, paths)
    if (look === undefined) {
      const elsewhere = { ...options, signal }
      const counts = await restoreElsewhere(session, indexed, state, paths, elsewhere)
      return { ...report(snapshot, [], options), counts }
    }
    const base = await states.ofId(lineage, session.state.base?.snapshot)
    return restoreHere(session, indexed, {
      lineage,
      snapshot,
      state,
      base,
      look,
      paths,
      options,
      signal,
    })
  })
}

interface HereInput {
  readonly lineage: Lineage<HistorySnapshot>
  readonly snapshot: HistorySnapshot
  readonly state: RepositoryState
  readonly base: RepositoryState | undefined
  readonly look: Look
  readonly paths: readonly string[]
  readonly options: RestoreOptions
  readonly signal: AbortSignal
}

async function restoreHere(
  session: Session,
  repository: IndexedRepository,
  { lineage, snapshot, state, base, look, paths, options, signal }: HereInput,
): Promise<Restored> {
  const before = base?.entries ?? noState.entries
  const read = await readHere(session, look, repository, signal)
  const here = { ...read, entries: assumeUnread(read.entries, before, [state.entries]) }
  const target = targetOf(here.entries, state.entries, paths)
  const changes = plannedChanges(session.files, { here, target, rules: look.rules })
  if (options.dryRun || changes.length === 0) return report(snapshot, changes, options)
  const isStored = sameEntries(here.entries, before)
  const aside = isStored
    ? undefined
    : await storeAside(
        session,
        look,
        repository,
        { lineage, base, signal },
        changes.map(({ path }) => path),
      )
  const input = { kind: 'restore', here, target, tree: state.tree, rules: look.rules } as const
  await bring(session, repository, { ...input, base: undefined, signal })
  return { ...report(snapshot, changes, options), storedAside: aside }
}

function report(
  { id }: HistorySnapshot,
  changes: readonly Change[],
  { dryRun = false }: RestoreOptions,
): Restored {
  return {
    outcome: 'changed',
    snapshot: id,
    changes,
    counts: countChanges(changes),
    storedAside: undefined,
    isDryRun: dryRun,
  }
}

/** What is here, with the given places as they were then. */
function targetOf(here: Entries, then: Entries, paths: readonly string[]): Entries {
  if (paths.length === 0) return then
  const isChosen = (path: string): boolean => paths.some((place) => isWithin(path, place))
  const target = new Map<string, Entry>()
  for (const [path, entry] of here) if (!isChosen(path)) target.set(path, entry)
  for (const [path, entry] of then) if (isChosen(path)) target.set(path, entry)
  dropFilledFolders(target)
  return target
}

function cleanPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^(?:\.?\/)+/, '')
    .replace(/\/+$/, '')
}

function refuseMissing({ entries }: RepositoryState, paths: readonly string[]): void {
  const missing = paths.filter((path) => ![...entries.keys()].some((one) => isWithin(one, path)))
  if (missing.length === 0) return
  throw new SyncError('NOT_FOUND', `${missing.join(', ')} is not in that state`, { paths: missing })
}

async function restoreElsewhere(
  session: Session,
  repository: IndexedRepository,
  state: RepositoryState,
  paths: readonly string[],
  { to = '', dryRun, signal }: RestoreOptions,
): Promise<ChangeCounts> {
  const folder = session.platform.files(to)
  const target = session.platform.target(folder.root)
  const isChosen = (path: string): boolean =>
    paths.length === 0 || paths.some((place) => isWithin(path, place))
  const planned = (overwrite: 'always' | 'never'): Promise<RestorePlan> =>
    planRestore(repository, state.tree, target, {
      signal,
      overwrite,
      select: (path, node) => {
        // Of a folder that restic stored with all that was in it: keys and settings of that machine.
        if (isControl(path.slice(1))) return false
        return isChosen(path.slice(1)) || (node.type === 'dir' ? 'inside' : false)
      },
    })
  const replaced = (await planned('always')).files.filter(({ action }) => action !== 'create')
  refuseDiffering([
    ...replaced.map(({ path }) => path.slice(1)),
    ...differingLinks(folder, state, (path) => isChosen(path) && !isControl(path)),
  ])
  const plan = await planned('never')
  const bytes = plan.total.bytes - plan.unchanged.bytes
  const counts = { added: plan.files.length, changed: 0, removed: 0, bytes }
  if (dryRun === true) return counts
  await restoreTree(repository, plan, target, { signal, verify: true, mayWrite: session.mayWrite })
  return counts
}

/** Places of symlinks that hold something else; a plan tells of files only. */
function differingLinks(
  folder: FolderFiles,
  { nodes }: RepositoryState,
  isChosen: (path: string) => boolean,
): string[] {
  return Array.from(nodes).flatMap(([path, { type, linktarget = '' }]) => {
    if (type !== 'symlink' || !isChosen(path)) return []
    const there = folder.stat(path)
    const isSame =
      there === undefined || (there.type === 'symlink' && folder.linkTarget(path) === linktarget)
    return isSame ? [] : [path]
  })
}

function refuseDiffering(paths: readonly string[]): void {
  if (paths.length === 0) return
  throw new SyncError('REFUSED', `${paths[0]} is there already, and differs`, {
    hint: 'Restore into an empty folder, or move away what is in this one.',
    paths,
  })
}
