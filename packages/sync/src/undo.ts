import { changeFolder } from './apply/change-folder.ts'
import { firstLeft } from './apply/plan-change.ts'
import { type Mark, markOf, sameMark, trashFiles } from './apply/journal.ts'
import { newestUndoable } from './apply/trash.ts'
import { SyncError } from './errors.ts'
import { foldersAbove } from './tree/entry.ts'
import { type FolderFiles, joined } from './files/folder-files.ts'
import { States } from './heads.ts'
import { lookHere } from './here.ts'
import type { NotEnabled } from './report.ts'
import { storeAside } from './save-here.ts'
import { type Session, type SyncOptions, withSession } from './session.ts'
import { isOffline } from './remote/remote.ts'

export interface UndoOptions extends SyncOptions {
  /** Say what would be put back, and do nothing. */
  readonly dryRun?: boolean | undefined
}

export interface Undone {
  readonly outcome: 'changed'
  /** what is undone, and when that was */
  readonly kind: 'pull' | 'restore' | 'undo'
  readonly time: string
  /** files that come back */
  readonly restored: readonly string[]
  /** files that go */
  readonly removed: readonly string[]
  readonly isDryRun: boolean
}

export type UndoReport = NotEnabled | Undone

/**
 * Puts back what the last pull or restore replaced. It needs no server unless files were changed
 * since: those are stored first. The folder's base stays, so the next push makes the undone state
 * the newest. An undo can be undone.
 *
 * @throws SyncError 'NOT_FOUND', when there is nothing to undo
 */
export async function undo(options: UndoOptions): Promise<UndoReport> {
  const report = await withSession(options, (session) => undoLast(session, options))
  return report ?? { outcome: 'not-enabled' }
}

async function undoLast(session: Session, options: UndoOptions): Promise<Undone> {
  const { files } = session
  const item = await newestUndoable(files, session.settings.instanceId)
  if (item === undefined) throw new SyncError('NOT_FOUND', 'there is nothing to undo')
  const { kind, time, removed, placed } = item.manifest
  const there = (path: string): Mark | undefined => {
    const stat = files.stat(path)
    return stat && markOf(stat)
  }
  const going = [...new Set([...placed.map(({ path }) => path), ...removed])]
  const removals = going.flatMap((path) => {
    const mark = there(path)
    return mark === undefined || mark.type === 'folder' ? [] : [{ path, mark }]
  })
  const placements = removed.flatMap((path) => {
    const from = joined(trashFiles(item.path), path)
    const mark = there(from)
    return mark === undefined ? [] : [{ path, from, mark }]
  })
  const report: Undone = {
    outcome: 'changed',
    kind,
    time,
    restored: removed,
    removed: removals.map(({ path }) => path).filter((path) => !removed.includes(path)),
    isDryRun: options.dryRun ?? false,
  }
  const emptied = emptiedFolders(files, removals, placements)
  refuseTaken(files, placements, new Set([...removals.map(({ path }) => path), ...emptied]))
  if (options.dryRun) return report
  const asPlaced = new Map(placed.map(({ path, mark }) => [path, mark]))
  const isTouched = removals.some(({ path, mark }) => {
    const known = asPlaced.get(path)
    return known === undefined || !sameMark(known, mark)
  })
  if (isTouched) await storeTouched(session, going)
  const made = foldersOf(removed).filter((path) => files.stat(path)?.type !== 'folder')
  const steps = { removals, emptied, folders: [], made, placements, base: undefined }
  await changeFolder(
    files,
    { ...steps, kind: 'undo', time: session.now() },
    {
      instanceId: session.settings.instanceId,
      random: (length) => session.runtime.random(length),
      completedId: () => Promise.resolve(session.state.applied),
      complete: (journal) => session.complete(journal.id, journal.base),
    },
    options,
  )
  return report
}

/** What is here was changed since the pull, so it may be nowhere else. */
async function storeTouched(session: Session, going: readonly string[]): Promise<void> {
  try {
    const lineage = await session.history()
    const look = await lookHere(session)
    const repository = await session.remote.repositoryForWriting(session.options)
    await session.locked(repository, true, async (indexed, signal) => {
      const states = new States(session, indexed, signal)
      const base = await states.ofId(lineage, session.state.base?.snapshot)
      await storeAside(session, look, indexed, { lineage, base, signal }, going)
    })
  } catch (error) {
    if (!isOffline(error)) throw error
    throw new SyncError('REFUSED', 'files were changed since, and the server is out of reach', {
      hint: 'Connect, and run the command again: they are stored first.',
      cause: error,
    })
  }
}

/** Folders above what goes, and all that stand in the place of a file: those that are empty then go. */
function emptiedFolders(
  files: FolderFiles,
  removals: readonly { readonly path: string }[],
  placements: readonly { readonly path: string }[],
): string[] {
  const below = (path: string): string[] =>
    files.stat(path)?.type === 'folder'
      ? [path, ...files.list(path).flatMap((name) => below(joined(path, name)))]
      : []
  const folders = [
    ...foldersOf(removals.map(({ path }) => path)),
    ...placements.flatMap(({ path }) => below(path)),
  ]
  return innermostFirst(new Set(folders))
}

/**
 * What comes back needs its place. What stands in it and does not go was put there since, as
 * something else: a folder for a file, or a file for a folder. A person has to decide about it.
 */
function refuseTaken(
  files: FolderFiles,
  placements: readonly { readonly path: string }[],
  going: ReadonlySet<string>,
): void {
  const isInTheWay = (path: string): boolean => {
    const type = files.stat(path)?.type
    return type !== undefined && type !== 'folder' && !going.has(path)
  }
  const inTheWay = placements.flatMap(({ path }) => {
    const above = [...foldersAbove(path)].filter(isInTheWay)
    const isFolder = files.stat(path)?.type === 'folder'
    const left = isFolder ? firstLeft(files, path, going) : undefined
    return left === undefined ? above : [...above, left]
  })
  if (inTheWay.length === 0) return
  const paths = [...new Set(inTheWay)]
  throw new SyncError('REFUSED', `${paths[0]} is new, and stands where a file has to go back`, {
    hint: 'Move it away, and run undo again.',
    paths,
  })
}

/** All folders above these paths, the innermost first. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set(paths.flatMap((path) => [...foldersAbove(path)]))
  return innermostFirst(folders)
}

function innermostFirst(folders: ReadonlySet<string>): string[] {
  return [...folders].toSorted((a, b) => b.length - a.length)
}
