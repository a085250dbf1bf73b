import type { ExtendedAttribute, NodeType } from '../../format/node.ts'

/** What the source tells of one entry, as it is, without following a symlink. */
export interface SourceEntry {
  /** 'socket' and 'irregular' are told, and never stored */
  readonly type: NodeType
  /** as in a node: Go's bits */
  readonly mode: number
  /** nanoseconds since 1970 */
  readonly mtimeNs: bigint
  readonly atimeNs: bigint
  readonly ctimeNs: bigint
  readonly uid: number
  readonly gid: number
  /** '' when the system has no name for the number */
  readonly user: string
  readonly group: string
  readonly inode: bigint
  readonly deviceId: bigint
  /** bytes; of files only */
  readonly size: number
  readonly links: number
  /** of devices */
  readonly device: bigint
}

/**
 * The files that are backed up. Synchronous: asking the system about an entry takes less time than
 * handing the question to another thread. Paths are names joined by '/', in the encoding of
 * format/name.ts, as the jobs that read the files take them.
 */
export interface SourceTree {
  /** The names in a directory, in no order, without '.' and '..'. @throws SourceError */
  list(path: string): string[]
  /** @throws SourceError */
  entry(path: string): SourceEntry
  /** As `entry`, of what a symlink points to; for the directories above what is backed up. */
  entryFollowed(path: string): SourceEntry
  /** The target of a symlink, in the encoding of names. @throws SourceError */
  linkTarget(path: string): string
  /** In the order the system lists them; empty where they cannot be read. */
  extendedAttributes(path: string, options: { readonly follow: boolean }): ExtendedAttribute[]
}
