import type { BlobId } from 'restic-core'

/** A regular file. Modification times take no part: programs touch files without changing them. */
export interface FileEntry {
  readonly type: 'file'
  /** the file's blobs, cut with the repository's polynomial */
  readonly content: readonly BlobId[]
  /** bytes */
  readonly size: number
  readonly executable: boolean
}

export interface LinkEntry {
  readonly type: 'symlink'
  readonly target: string
}

/** A folder with nothing of the scope in it. Any other folder is told by what it holds. */
export interface FolderEntry {
  readonly type: 'folder'
}

/** There is something, and it cannot be read; what it holds is not known. */
export interface UnreadableEntry {
  readonly type: 'unreadable'
}

export type Entry = FileEntry | LinkEntry | FolderEntry | UnreadableEntry

/**
 * The state of an instance: what is in scope, by path relative to its root. Only leaves are listed,
 * so two states are equal when their lists are.
 */
export type Entries = ReadonlyMap<string, Entry>

export const emptyFolder: FolderEntry = { type: 'folder' }

/** Two things that cannot be read are not known to be equal. */
export function sameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.type === 'file' && b.type === 'file') {
    return a.size === b.size && a.executable === b.executable && sameContent(a.content, b.content)
  }
  if (a.type === 'symlink' && b.type === 'symlink') return a.target === b.target
  return a.type === 'folder' && b.type === 'folder'
}

export function sameContent(a: readonly BlobId[], b: readonly BlobId[]): boolean {
  return a === b || (a.length === b.length && a.every((id, at) => id === b[at]))
}

export function sameEntries(a: Entries, b: Entries): boolean {
  if (a.size !== b.size) return false
  for (const [path, entry] of a) if (!sameEntry(entry, b.get(path))) return false
  return true
}

/**
 * Whether two states differ in nothing but empty folders. Games and launchers make such folders at
 * every start; they hold nothing that could be lost, so they are no reason for a conflict.
 */
export function sameFiles(a: Entries, b: Entries): boolean {
  if (fileCount(a) !== fileCount(b)) return false
  for (const [path, entry] of a) {
    if (entry.type !== 'folder' && !sameEntry(entry, b.get(path))) return false
  }
  return true
}

/** bytes of the files */
export function totalSize(entries: Entries): number {
  let size = 0
  for (const entry of entries.values()) if (entry.type === 'file') size += entry.size
  return size
}

export function fileCount(entries: Entries): number {
  let count = 0
  for (const entry of entries.values()) if (entry.type !== 'folder') count++
  return count
}

/** `path` and everything below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '' || path.startsWith(`${folder}/`)
}

/** The folders above a path, from the top: `a`, `a/b` for `a/b/c`. */
export function* foldersAbove(path: string): Generator<string> {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    yield path.slice(0, slash)
  }
}

/** A folder that something was put into is no leaf any more. */
export function dropFilledFolders(entries: Map<string, Entry>): void {
  for (const path of entries.keys()) {
    for (const folder of foldersAbove(path)) {
      if (entries.get(folder)?.type === 'folder') entries.delete(folder)
    }
  }
}
