import { SyncError } from '../errors.ts'
import { type FileStat, type FolderFiles, folderOf, joined } from '../files/folder-files.ts'
import type { Change } from '../tree/changes.ts'
import { type Entries, foldersAbove } from '../tree/entry.ts'
import type { FolderChange } from './change-folder.ts'
import { type Mark, type Removal, markOf } from './journal.ts'

export interface ChangePlan extends Omit<FolderChange, 'placements' | 'kind' | 'time' | 'base'> {
  /** files and links that have to be made ready */
  readonly wanted: readonly Change[]
}

/**
 * The steps that lead from what is here to a target state.
 *
 * @param stats of the files as they were when their content was compared
 * @throws SyncError 'NAMES', when a folder stands in the way that holds what is not synced
 */
export function planChange(
  files: FolderFiles,
  changes: readonly Change[],
  target: Entries,
  stats: ReadonlyMap<string, FileStat>,
): ChangePlan {
  const removals = changes.flatMap((change) => removalOf(files, change, stats))
  const wanted = changes.filter(({ after }) => after?.type === 'file' || after?.type === 'symlink')
  const folders = changes.flatMap(({ path, after }) => (after?.type === 'folder' ? [path] : []))
  const emptied = emptiedFolders(changes, target)
  const coming = [...folders, ...wanted.map(({ path }) => folderOf(path))]
  const made = new Set(Array.from(new Set(coming), (path) => [...foldersAbove(path), path]).flat())
  const present = new Set([...made].filter((path) => files.stat(path)?.type === 'folder'))
  const isFolder = (path: string): boolean => path === '' || present.has(path)
  refuseBlocked(
    files,
    // Nothing can stand in the way in a folder that is not there.
    wanted.filter(({ path }) => isFolder(folderOf(path))),
    new Set([...removals.map(({ path }) => path), ...emptied]),
  )
  return {
    removals,
    emptied,
    folders,
    made: [...made].filter((path) => !isFolder(path)),
    wanted,
  }
}

function removalOf(
  files: FolderFiles,
  { path, before }: Change,
  stats: ReadonlyMap<string, FileStat>,
): Removal[] {
  if (before === undefined || before.type === 'folder') return []
  const mark = markAt(files, path, stats)
  return mark === undefined ? [] : [{ path, mark }]
}

function markAt(
  files: FolderFiles,
  path: string,
  stats: ReadonlyMap<string, FileStat>,
): Mark | undefined {
  const stat = stats.get(path) ?? files.stat(path)
  return stat && markOf(stat)
}

/** Folders that hold nothing of the target although something of them goes, the innermost first. */
function emptiedFolders(changes: readonly Change[], target: Entries): string[] {
  const filled = new Set<string>()
  for (const [path, entry] of target) {
    for (const folder of foldersAbove(path)) filled.add(folder)
    if (entry.type === 'folder') filled.add(path)
  }
  const candidates = new Set<string>()
  for (const { path, before } of changes) {
    if (before === undefined) continue
    for (const folder of foldersAbove(path)) candidates.add(folder)
    if (before.type === 'folder') candidates.add(path)
  }
  return [...candidates]
    .filter((folder) => !filled.has(folder))
    .toSorted((a, b) => b.split('/').length - a.split('/').length)
}

function refuseBlocked(
  files: FolderFiles,
  wanted: readonly Change[],
  going: ReadonlySet<string>,
): void {
  const blocked = wanted.flatMap(({ path }) => {
    if (files.stat(path)?.type !== 'folder') return []
    const left = firstLeft(files, path, going)
    return left === undefined ? [] : [left]
  })
  if (blocked.length === 0) return
  throw new SyncError('NAMES', `${blocked[0]} is not synced and stands where a file must go`, {
    hint: 'Move it away, and run the command again.',
    paths: blocked,
  })
}

/** Something at or below a folder that does not go. */
export function firstLeft(
  files: FolderFiles,
  folder: string,
  going: ReadonlySet<string>,
): string | undefined {
  for (const name of files.list(folder)) {
    const path = joined(folder, name)
    if (files.stat(path)?.type === 'folder') {
      const left = firstLeft(files, path, going)
      if (left !== undefined) return left
    } else if (!going.has(path)) return path
  }
  return going.has(folder) ? undefined : folder
}
