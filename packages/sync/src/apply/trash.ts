import { type FolderFiles, joined, removeAll } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import { type TrashManifest, readManifest, trashFiles } from './journal.ts'

/** What is kept of the trash. All of it is in the history as well, so this is about convenience. */
const keptMax = 3
const keptMs = 7 * 24 * 60 * 60_000

/** One change's part of the trash. */
interface TrashItem {
  readonly number: number
  readonly path: string
}

/** The parts of the trash, the newest first. */
function trashItems(files: FolderFiles): TrashItem[] {
  if (files.stat(controlPaths.trash) === undefined) return []
  return files
    .list(controlPaths.trash)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ number: Number(name), path: joined(controlPaths.trash, name) }))
    .toSorted((a, b) => b.number - a.number)
}

export function nextTrash(files: FolderFiles): string {
  return joined(controlPaths.trash, String((trashItems(files)[0]?.number ?? 0) + 1))
}

/** The newest change of an instance that can be undone: its manifest is complete and its files are there. */
export async function newestUndoable(
  files: FolderFiles,
  instanceId: string,
): Promise<(TrashItem & { readonly manifest: TrashManifest }) | undefined> {
  for (const item of trashItems(files)) {
    const manifest = await readManifest(files, item.path)
    if (manifest === undefined) continue
    const { removed, placed, instance = instanceId } = manifest
    if (instance !== instanceId) continue
    const isThere = removed.every(
      (path) => files.stat(joined(trashFiles(item.path), path)) !== undefined,
    )
    if (isThere && removed.length + placed.length > 0) return { ...item, manifest }
  }
  return undefined
}

/** Keeps the newest three, and of those only the newest once it is a week old. */
export async function purgeTrash(files: FolderFiles, now: string): Promise<void> {
  for (const [position, item] of trashItems(files).entries()) {
    if (position === 0) continue
    const manifest = await readManifest(files, item.path)
    const ageMs = manifest === undefined ? 0 : Date.parse(now) - Date.parse(manifest.time)
    if (position >= keptMax || ageMs > keptMs) await removeAll(files, item.path)
  }
}
