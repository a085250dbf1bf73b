import { TargetError, isResticError } from 'restic-core'
import { SyncError } from '../errors.ts'
import { type FolderFiles, folderOf, joined } from '../files/folder-files.ts'
import { foldersAbove } from '../tree/entry.ts'
import { type Journal, markOf, sameMark, trashFiles } from './journal.ts'

/**
 * Does what the journal says. Every step looks first whether it has been done, so that a second run
 * after a crash goes on where the first one ended.
 *
 * @param isFirst nothing may have changed since the plan was made; after a crash somebody may have
 *   used the folder, and what was changed then stays as it is, as a change of this machine
 * @throws SyncError 'IN_USE', when the folder is not as it was planned for
 */
export async function carryOut(
  files: FolderFiles,
  journal: Journal,
  isFirst: boolean,
): Promise<void> {
  const touched = new Set<string>()
  const kept = new Set<string>()
  const trashFolders = new Set<string>()
  for (const removal of journal.removals) {
    const { path } = removal
    const trashed = joined(trashFiles(journal.trash), path)
    if (files.stat(trashed) !== undefined) continue
    const stat = files.stat(path)
    if (stat === undefined) continue
    if (!sameMark(markOf(stat), removal.mark)) {
      if (isFirst) throw inUse([path])
      kept.add(path)
      continue
    }
    const trashFolder = folderOf(trashed)
    if (!trashFolders.has(trashFolder)) await files.makeFolder(trashFolder)
    trashFolders.add(trashFolder)
    await move(files, path, trashed, path)
    touched.add(folderOf(path)).add(trashFolder)
  }
  for (const folder of journal.emptied) {
    if (await files.removeFolder(folder)) touched.add(folderOf(folder))
  }
  const there = new Set<string>()
  for (const folder of journal.folders) await makeFolders(files, folder, touched, there)
  for (const { path, from } of journal.placements) {
    if (kept.has(path) || (!isFirst && files.stat(from) === undefined)) continue
    if (files.stat(path) !== undefined) {
      if (isFirst) throw inUse([path])
      continue
    }
    await makeFolders(files, folderOf(path), touched, there)
    await move(files, from, path, path)
    touched.add(folderOf(path)).add(folderOf(from))
  }
  await flushAll(files, touched)
}

/** Renames; `shown` is the one of the two places that a person knows. */
async function move(files: FolderFiles, from: string, to: string, shown: string): Promise<void> {
  try {
    await files.rename(from, to)
  } catch (error) {
    if (!isResticError(error, 'TARGET') || error.reason !== 'denied') throw error
    throw new TargetError(`cannot move ${shown}: permission denied`, shown, 'denied', {
      cause: error,
    })
  }
}

/**
 * Undoes what was done of the journal: afterwards the folder is as it was before. Where somebody has
 * put something else meanwhile, that stays, and what was there stays in the trash.
 */
export async function takeBack(files: FolderFiles, journal: Journal): Promise<void> {
  const touched = new Set<string>()
  for (const { path, from, mark } of journal.placements.toReversed()) {
    if (files.stat(from) !== undefined) continue
    const stat = files.stat(path)
    if (stat === undefined || !sameMark(markOf(stat), mark)) continue
    await files.makeFolder(folderOf(from))
    await files.rename(path, from)
    touched.add(folderOf(path)).add(folderOf(from))
  }
  for (const folder of journal.made.toSorted((a, b) => b.length - a.length)) {
    if (files.stat(folder)?.type === 'folder') await files.removeFolder(folder)
  }
  for (const { path } of journal.removals.toReversed()) {
    const trashed = joined(trashFiles(journal.trash), path)
    if (files.stat(trashed) === undefined || isTaken(files, path)) continue
    await makeFolders(files, folderOf(path), touched)
    await files.rename(trashed, path)
    touched.add(folderOf(path)).add(folderOf(trashed))
  }
  for (const folder of journal.emptied.toReversed()) {
    if (!isTaken(files, folder)) await makeFolders(files, folder, touched)
  }
  await flushAll(files, touched)
}

/** Whether something stands at a path, or where a folder above it was. */
function isTaken(files: FolderFiles, path: string): boolean {
  if (files.stat(path) !== undefined) return true
  return [...foldersAbove(path)].some((folder) => {
    const stat = files.stat(folder)
    return stat !== undefined && stat.type !== 'folder'
  })
}

/** Whether the trash holds something that could not go back because its place is taken. */
export function isLeftInTrash(files: FolderFiles, { trash, removals }: Journal): boolean {
  return removals.some(({ path }) => files.stat(joined(trashFiles(trash), path)) !== undefined)
}

/** Whether something that was to be put in place is neither there nor where it came from. */
export function isLost(files: FolderFiles, { placements }: Journal): boolean {
  return placements.some(
    ({ path, from }) => files.stat(from) === undefined && files.stat(path) === undefined,
  )
}

/**
 * Makes a folder and those above it, and goes through none that is a symlink.
 *
 * @param there folders known to be there; what is made or found is put to them
 */
async function makeFolders(
  files: FolderFiles,
  folder: string,
  touched: Set<string>,
  there: Set<string> = new Set(),
): Promise<void> {
  if (folder === '' || there.has(folder)) return
  for (const path of [...foldersAbove(folder), folder]) {
    if (there.has(path)) continue
    there.add(path)
    const stat = files.stat(path)
    if (stat?.type === 'folder') continue
    if (stat !== undefined) {
      throw new TargetError(`${path} is in the way: it is not a folder`, path, 'unsafe')
    }
    await files.makeFolder(path)
    touched.add(folderOf(path))
  }
}

async function flushAll(files: FolderFiles, folders: ReadonlySet<string>): Promise<void> {
  for (const folder of folders) {
    if (files.stat(folder)?.type === 'folder') await files.flushFolder(folder)
  }
}

export function inUse(paths: readonly string[], cause?: unknown): SyncError {
  const [first = ''] = paths
  return new SyncError('IN_USE', `${first} was changed or is held open by another program`, {
    hint: 'Close the game, and run the command again.',
    paths,
    cause,
  })
}

/** Programs that hold a file open make renames fail on Windows, elsewhere folders that are read-only. */
export function asInUse(error: unknown): unknown {
  if (!isResticError(error, 'TARGET') || error.reason !== 'denied') return error
  return new SyncError('IN_USE', `${error.path} cannot be moved or replaced: permission denied`, {
    hint: 'See that its folder may be changed and that no game holds it open, and run the command again.',
    paths: [error.path],
    cause: error,
  })
}
