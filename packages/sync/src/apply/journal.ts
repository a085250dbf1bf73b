import * as z from 'zod'
import { SyncError, isSyncError } from '../errors.ts'
import { type FileStat, type FolderFiles, joined } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import { type Base, baseJson, baseOf } from '../state/folder-state.ts'
import { readJson, replaceFile } from '../state/json-file.ts'

const statJson = z.object({
  type: z.enum(['file', 'folder', 'symlink', 'other']),
  size: z.number(),
  mtime: z.string(),
  inode: z.string(),
})

/** How an entry is known again after it was renamed, which changes its ctime. */
export interface Mark {
  readonly type: FileStat['type']
  /** bytes */
  readonly size: number
  readonly mtimeNs: bigint
  readonly inode: bigint
}

export function markOf({ type, size, mtimeNs, inode }: FileStat): Mark {
  return { type, size, mtimeNs, inode }
}

export function sameMark(a: Mark, b: Mark): boolean {
  const sameTimes = a.type === 'symlink' || a.mtimeNs === b.mtimeNs
  return a.type === b.type && a.size === b.size && a.inode === b.inode && sameTimes
}

const markCodec = z.codec(
  statJson,
  z.custom<Mark>(() => true),
  {
    decode: ({ type, size, mtime, inode }) => ({
      type,
      size,
      mtimeNs: BigInt(mtime),
      inode: BigInt(inode),
    }),
    encode: ({ type, size, mtimeNs, inode }) => ({
      type,
      size,
      mtime: String(mtimeNs),
      inode: String(inode),
    }),
  },
)

const removalJson = z.object({ path: z.string(), mark: markCodec })
const placementJson = z.object({ path: z.string(), from: z.string(), mark: markCodec })

const journalJson = z.object({
  schema: z.literal(1),
  id: z.string(),
  direction: z.enum(['forward', 'back']),
  kind: z.enum(['pull', 'restore', 'undo']),
  trash: z.string(),
  removals: z.array(removalJson),
  emptied: z.array(z.string()),
  folders: z.array(z.string()),
  made: z.array(z.string()),
  placements: z.array(placementJson),
  base: baseJson.optional(),
})

/** An entry that goes: it is moved into the trash. */
export interface Removal {
  readonly path: string
  readonly mark: Mark
}

/** An entry that comes: it is moved from where it was made ready. */
export interface Placement {
  readonly path: string
  readonly from: string
  readonly mark: Mark
}

/**
 * A change of the folder that has been decided: from the moment this is on disk it is carried out,
 * or, with direction 'back', undone.
 */
export interface Journal {
  readonly schema: 1
  /** new for each change; state.json names it once the change is complete */
  readonly id: string
  readonly direction: 'forward' | 'back'
  readonly kind: 'pull' | 'restore' | 'undo'
  /** the folder that takes what goes */
  readonly trash: string
  readonly removals: readonly Removal[]
  /** folders that hold nothing any more, the innermost first */
  readonly emptied: readonly string[]
  /** folders that are to be there, even if empty */
  readonly folders: readonly string[]
  /** of these and of those above what comes, the ones that were not there before */
  readonly made: readonly string[]
  readonly placements: readonly Placement[]
  /** what the folder is equal to afterwards; without it the base stays what it was */
  readonly base?: Base | undefined
}

/** @throws SyncError 'SETTINGS' when it is damaged: nobody can tell then what was done and what was not */
export async function readJournal(files: FolderFiles): Promise<Journal | undefined> {
  try {
    const json = await readJson(files, controlPaths.journal, journalJson)
    return json && { ...json, base: json.base && baseOf(json.base) }
  } catch (error) {
    if (!isSyncError(error, 'SETTINGS')) throw error
    throw new SyncError('SETTINGS', error.message, {
      hint: 'Move it away and pull again; what the command before had replaced is in .cloud-sync/trash.',
      paths: [controlPaths.journal],
      cause: error,
    })
  }
}

export function writeJournal(files: FolderFiles, journal: Journal): Promise<void> {
  return replaceCompact(files, controlPaths.journal, z.encode(journalJson, mutable(journal)))
}

/** A line for every file of a large game would be half of it indentation. */
function replaceCompact(files: FolderFiles, path: string, value: unknown): Promise<void> {
  return replaceFile(files, path, JSON.stringify(value), 0o600)
}

export async function dropJournal(files: FolderFiles): Promise<void> {
  await files.remove(controlPaths.journal)
  await files.flushFolder(controlPaths.staging)
}

function mutable(journal: Journal): z.output<typeof journalJson> {
  return {
    ...journal,
    removals: [...journal.removals],
    emptied: [...journal.emptied],
    folders: [...journal.folders],
    made: [...journal.made],
    placements: [...journal.placements],
  }
}

// ---- what lies in the trash

const manifestJson = z.object({
  schema: z.literal(1),
  kind: z.enum(['pull', 'restore', 'undo']),
  /** RFC 3339, for people and for the age of the trash */
  time: z.string(),
  removed: z.array(z.string()),
  placed: z.array(z.object({ path: z.string(), mark: markCodec })),
  instance: z.string().optional(),
})

/** What one change replaced, so that it can be put back. */
export interface TrashManifest {
  readonly kind: 'pull' | 'restore' | 'undo'
  readonly time: string
  /** paths whose former content lies in the trash */
  readonly removed: readonly string[]
  /** what came, as it was put in place */
  readonly placed: readonly { readonly path: string; readonly mark: Mark }[]
  /** the folder was synced as this one then */
  readonly instance?: string | undefined
}

export function trashFiles(trash: string): string {
  return joined(trash, 'files')
}

/** undefined when a crash came before it was complete; there is nothing to undo then. */
export async function readManifest(
  files: FolderFiles,
  trash: string,
): Promise<TrashManifest | undefined> {
  try {
    return await readJson(files, joined(trash, 'manifest.json'), manifestJson)
  } catch (error) {
    if (isSyncError(error, 'SETTINGS')) return undefined
    throw error
  }
}

export function writeManifest(
  files: FolderFiles,
  trash: string,
  manifest: TrashManifest,
): Promise<void> {
  const value = {
    ...manifest,
    schema: 1 as const,
    removed: [...manifest.removed],
    placed: [...manifest.placed],
  }
  return replaceCompact(files, joined(trash, 'manifest.json'), z.encode(manifestJson, value))
}
