import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { SourceError, TargetError } from '../base/errors.ts'
import type { FileAccess, FileState, ReadableFile, WritableFile } from '../work/files.ts'
import { sourceError, systemCode, targetError } from './file-errors.ts'
import { nativePath } from './paths.ts'

// Windows has neither; there, what is a symlink is found out by lstat.
const noFollow = constants.O_NOFOLLOW ?? 0
const noWait = constants.O_NONBLOCK ?? 0
/** Reading shall not change when a file was last read. Only Linux knows it, and only for one's own files. */
const noAccessTime = (constants as { readonly O_NOATIME?: number }).O_NOATIME ?? 0

/** The files of this machine. */
export function nodeFileAccess(): FileAccess {
  return { openForReading, openForWriting, create }
}

function openForReading(path: string): ReadableFile {
  const fd = openToRead(path)
  return {
    read: (into, position) => readFully(fd, path, into, position),
    state: () => stateOf(fd, path),
    close: () => closeSync(fd),
  }
}

function openToRead(path: string): number {
  // A pipe that took the place of the file would hold the thread until somebody writes.
  const flags = constants.O_RDONLY | noFollow | noWait
  try {
    if (noFollow === 0) refuseSymlink(path)
    try {
      return openSync(nativePath(path), flags | noAccessTime)
    } catch (error) {
      if (noAccessTime === 0 || systemCode(error) !== 'EPERM') throw error
      return openSync(nativePath(path), flags)
    }
  } catch (error) {
    throw sourceError('open', path, error)
  }
}

function readFully(fd: number, path: string, into: Uint8Array, position: number): number {
  let done = 0
  try {
    while (done < into.length) {
      const read = readSync(fd, into, done, into.length - done, position + done)
      if (read === 0) break
      done += read
    }
  } catch (error) {
    throw sourceError('read', path, error)
  }
  return done
}

function stateOf(fd: number, path: string): FileState {
  const stat = fstatSync(fd, { bigint: true })
  if (!stat.isFile()) {
    throw new SourceError(`cannot read ${path}: it is not a file any more`, path, 'changed')
  }
  const { size, mtimeNs, ctimeNs, ino } = stat
  return { size: Number(size), mtimeNs, ctimeNs, inode: ino }
}

function openForWriting(path: string): WritableFile {
  try {
    if (noFollow === 0) refuseSymlink(path)
    const fd = openSync(nativePath(path), constants.O_WRONLY | noFollow | noWait)
    if (!fstatSync(fd).isFile()) {
      closeSync(fd)
      throw new TargetError(`cannot write ${path}: it is not a file any more`, path, 'changed')
    }
    return writable(fd, path)
  } catch (error) {
    throw targetError('open', path, error)
  }
}

function create(path: string): WritableFile {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow
  try {
    return writable(openSync(nativePath(path), flags, 0o600), path)
  } catch (error) {
    throw targetError('create', path, error)
  }
}

function writable(fd: number, path: string): WritableFile {
  const attempt = (action: () => void): void => {
    try {
      action()
    } catch (error) {
      throw targetError('write', path, error)
    }
  }
  return {
    write: (bytes, position) => attempt(() => writeFully(fd, bytes, position)),
    setSize: (size) => attempt(() => ftruncateSync(fd, size)),
    // Some file systems tell only now that there was no space.
    close: () => attempt(() => closeSync(fd)),
  }
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done)
  }
}

function refuseSymlink(path: string): void {
  if (!lstatSync(nativePath(path)).isSymbolicLink()) return
  throw Object.assign(new Error('a symlink'), { code: 'ELOOP' })
}
