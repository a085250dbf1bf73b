import type { Cancellable } from 'restic-core'

/** What scanning compares about an entry. Times are nanoseconds since 1970. */
export interface FileStat {
  readonly type: 'file' | 'folder' | 'symlink' | 'other'
  /** bytes */
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
  /** Unix permission bits, 0 to 0o7777 */
  readonly permissions: number
}

/**
 * The synced folder, and the only way the sync layer changes it. Paths are names joined by '/',
 * relative to the pack folder, in the encoding of restic-core's names; '' is the folder itself.
 *
 * Reading an entry is synchronous: asking the system takes less time than handing the question to
 * another thread. Rejects and throws SourceError when reading, TargetError when writing.
 */
export interface FolderFiles {
  /** Absolute path of the pack folder, for people and for programs that are given it. */
  readonly root: string
  /** The names in a folder, in no order. */
  list(path: string): string[]
  /** Never follows a symlink in the last place; undefined when nothing is there. */
  stat(path: string): FileStat | undefined
  linkTarget(path: string): string
  /** undefined when there is no such file */
  read(path: string, options?: Cancellable): Promise<Uint8Array | undefined>

  /** Makes a new file with this content and flushes it to disk, or leaves nothing behind. */
  create(path: string, content: Uint8Array, permissions: number): Promise<void>
  /** Makes a new file, or leaves nothing behind; false when something has the name already. */
  claim(path: string, content: Uint8Array): Promise<boolean>
  copy(from: string, to: string): Promise<void>
  /** Replaces what is at `to` when both are files. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file or a symlink; nothing there is a success. */
  remove(path: string): Promise<void>
  /** Makes the folder and those above it. */
  makeFolder(path: string, permissions?: number): Promise<void>
  /** Lets its owner change what a folder holds. */
  makeWritable(path: string): Promise<void>
  /** Removes an empty folder; false when it holds something. Nothing there is a success. */
  removeFolder(path: string): Promise<boolean>
  makeSymlink(path: string, target: string): Promise<void>
  setModified(path: string, mtimeNs: bigint): Promise<void>
  /** Flushes a file's content to disk. */
  flushFile(path: string): Promise<void>
  /** Flushes a folder's list of names to disk, where the system has such a thing. */
  flushFolder(path: string): Promise<void>
  /** Bytes that may still be written to the disk of the folder. */
  freeBytes(): Promise<bigint>
}

const ownerBits = 0o700

/** Removes a file, or a folder with all that is in it; symlinks are removed, not followed. */
export async function removeAll(files: FolderFiles, path: string): Promise<void> {
  const stat = files.stat(path)
  if (stat === undefined) return
  if (stat.type !== 'folder') return files.remove(path)
  if ((stat.permissions & ownerBits) !== ownerBits) await files.makeWritable(path)
  for (const name of files.list(path)) await removeAll(files, `${path}/${name}`)
  await files.removeFolder(path)
}

/** The folder above `path`; '' for a name at the top. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** The first name of a path. */
export function topOf(path: string): string {
  const slash = path.indexOf('/')
  return slash < 0 ? path : path.slice(0, slash)
}
