import type { Node, NodeType } from '../../format/node.ts'

/** What is in the target, without following a symlink. */
export interface TargetEntry {
  readonly type: NodeType
  /** bytes; of files only */
  readonly size: number
  /** nanoseconds since 1970 */
  readonly mtimeNs: bigint
  readonly links: number
}

/** What a target may be unable to keep of an entry; everything else it keeps or reports as an error. */
const keepable = [
  'ownership',
  'permissions',
  'exact times',
  'extended attributes',
  'windows attributes',
  'special files',
] as const
export type Keepable = (typeof keepable)[number]

/**
 * The place that files are restored to. Paths are those inside the snapshot: '/' for the root, names
 * in the encoding of format/name.ts. Parents come first, so a target may rely on a directory it has
 * made or looked at itself, and never writes through a symlink.
 *
 * Synchronous: these calls take the system less time than handing them to another thread. Contents
 * are written by jobs. Every method throws TargetError.
 */
export interface TargetTree {
  /** Whether an entry may have this name here. Names that lead elsewhere, such as `..`, may not. */
  acceptsName(name: string): boolean
  /** Two names with the same key are one file here. */
  nameKey(name: string): string
  /** The path under which jobs open the file. */
  filePath(path: string): string

  /** undefined when nothing is there. */
  entry(path: string): TargetEntry | undefined
  /** The names in a directory, in no order. */
  list(path: string): string[]

  /** Makes a directory that can be written to, or takes the one that is there. A file in its place is removed. */
  makeDirectory(path: string): void
  /** Makes a new file of `size` bytes that read as zeros. */
  createFile(path: string, size: number): void
  /** Lets an existing file be written to, and cuts or extends it to `size` bytes. */
  prepareFile(path: string, size: number): void
  writeFile(path: string, bytes: Uint8Array, position: number): void
  makeSymlink(path: string, linkTarget: string): void
  /** Gives the file at `existing` another name. */
  makeHardLink(path: string, existing: string): void
  /** A pipe or a device. False when this target has no such things. */
  makeSpecial(path: string, node: Node): boolean
  /** Ownership, attributes, times and permissions. Returns what could not be kept. */
  setMetadata(path: string, node: Node): readonly Keepable[]

  /** A file, or an empty directory. */
  remove(path: string): void
  /** With everything below it; each removed path is told. */
  removeAll(path: string, onRemoved: (path: string) => void): void
}
