/** What change detection compares about an open file. Times are nanoseconds since 1970. */
export interface FileState {
  readonly size: number
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly inode: bigint
}

/** Whether nobody wrote to the file in between. */
export function sameState(a: FileState, b: FileState): boolean {
  return (
    a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.inode === b.inode
  )
}

/** What each file of /sys says that it holds, bytes. */
const sysfsFileSize = 4096

/**
 * Whether as much was read as the file says that it holds. The files of /proc say nothing and those
 * of /sys a page, whatever they hold.
 */
export function isWhole(read: number, told: number): boolean {
  return read === told || told === 0 || (told === sysfsFileSize && read < told)
}

/** A file being read, by the job that opened it. */
export interface ReadableFile {
  /** Fills `into` from byte `position`; fewer bytes than asked for only at the end of the file. */
  read(into: Uint8Array, position: number): number
  /** @throws SourceError reason 'changed' when it is no regular file */
  state(): FileState
  close(): void
}

/** A file being written by position. */
export interface WritableFile {
  /** Writes all of `bytes`. @throws TargetError */
  write(bytes: Uint8Array, position: number): void
  /** Cuts the file, or lets it end in a hole. */
  setSize(size: number): void
  close(): void
}

/**
 * Files as jobs see them: synchronous, since a job has a thread to itself.
 * Paths are names joined by '/', in the encoding of format/name.ts.
 */
export interface FileAccess {
  /** Never follows a symlink in the last place, and waits for no pipe. @throws SourceError */
  openForReading(path: string): ReadableFile
  /** Opens an existing regular file, never through a symlink in the last place. @throws TargetError */
  openForWriting(path: string): WritableFile
  /** Makes a file that only its owner may read. Fails when the name is taken. @throws TargetError */
  create(path: string): WritableFile
}
