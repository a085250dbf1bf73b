import { constants, type Stats, type BigIntStats } from 'node:fs'
import * as fs from 'node:fs'
import * as fsp from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SourceError, TargetError, type FileReason } from 'restic-core'
import { nameFromBytes, nameToBytes } from 'restic-core/format'
import type { FileStat, FolderFiles } from '../files/folder-files.ts'

/** Windows refuses to rename what a virus scanner or the game holds open; that passes soon, or not. */
const busyPausesMs = [20, 60, 150, 400, 800, 1500]
const busyCodes = new Set(['EBUSY', 'EPERM', 'EACCES'])
/** What systems answer that cannot flush a folder. */
const noFlushCodes = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES', 'EBADF'])

/** Changes after which others get a turn: signals, timers and requests. */
const turnLength = 256

/**
 * A folder on this machine's disks.
 *
 * What only touches names is asked of the system at once: handing it to another thread takes several
 * times as long. Content, and waiting for the disk, is left to other threads.
 */
export function nodeFiles(root: string): FolderFiles {
  let changes = 0
  const disk: Disk = {
    at: (path) => systemPath(root, path),
    async writing(path, run) {
      if (++changes % turnLength === 0) await nextTurn()
      try {
        return await run()
      } catch (error) {
        throw targetError(error, root, path)
      }
    },
  }
  return { root, ...reads(root, disk), ...newFiles(disk), ...moves(disk), ...flushes(disk) }
}

/** One folder of this machine. */
interface Disk {
  readonly at: (path: string) => string | Buffer
  /** Runs what changes the folder; its errors are told as those of the target. */
  readonly writing: <T>(path: string, run: () => T | Promise<T>) => Promise<T>
}

type Reads = 'list' | 'stat' | 'linkTarget' | 'read' | 'freeBytes'
type NewFiles = 'create' | 'claim' | 'copy' | 'makeFolder' | 'makeSymlink'
type Moves = 'rename' | 'remove' | 'makeWritable' | 'removeFolder' | 'setModified'
type Flushes = 'flushFile' | 'flushFolder'

function reads(root: string, { at }: Disk): Pick<FolderFiles, Reads> {
  return {
    list(path) {
      try {
        return listNames(at(path))
      } catch (error) {
        throw sourceError(error, root, path)
      }
    },

    stat(path) {
      try {
        const stat = fs.lstatSync(at(path), { bigint: true, throwIfNoEntry: false })
        return stat === undefined ? undefined : fileStat(stat)
      } catch (error) {
        if (codeOf(error) === 'ENOTDIR') return undefined
        throw sourceError(error, root, path)
      }
    },

    linkTarget(path) {
      try {
        return nameFromBytes(fs.readlinkSync(at(path), { encoding: 'buffer' }))
      } catch (error) {
        throw sourceError(error, root, path)
      }
    },

    async read(path, { signal } = {}) {
      signal?.throwIfAborted()
      try {
        return await fsp.readFile(at(path))
      } catch (error) {
        const code = codeOf(error)
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
        throw sourceError(error, root, path)
      }
    },

    async freeBytes() {
      try {
        const { bavail, bsize } = await fsp.statfs(root, { bigint: true })
        return bavail * bsize
      } catch (error) {
        throw sourceError(error, root, '')
      }
    },
  }
}

function newFiles({ at, writing }: Disk): Pick<FolderFiles, NewFiles> {
  return {
    create: (path, content, permissions) =>
      writing(path, async () => {
        const handle = await fsp.open(at(path), 'wx', permissions)
        await fill(handle, at(path), async () => {
          await handle.writeFile(content)
          await handle.sync()
        })
      }),

    claim: (path, content) =>
      writing(path, async () => {
        let handle: fsp.FileHandle
        try {
          handle = await fsp.open(at(path), 'wx', 0o600)
        } catch (error) {
          if (codeOf(error) === 'EEXIST') return false
          throw error
        }
        await fill(handle, at(path), () => handle.writeFile(content))
        return true
      }),

    copy: (from, to) =>
      writing(to, () =>
        fsp.copyFile(at(from), at(to), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
      ),

    makeFolder: (path, permissions = 0o777) =>
      writing(path, () => {
        try {
          fs.mkdirSync(at(path), { recursive: true, mode: permissions })
        } catch (error) {
          // Node calls a read-only disk "no such folder" when it may make those above as well.
          if (codeOf(error) !== 'ENOENT') throw error
          fs.mkdirSync(at(path), { mode: permissions })
        }
      }),

    makeSymlink: (path, target) =>
      writing(path, () => fs.symlinkSync(systemText(target), at(path))),
  }
}

function moves({ at, writing }: Disk): Pick<FolderFiles, Moves> {
  return {
    rename: (from, to) => writing(to, () => patiently(() => fs.renameSync(at(from), at(to)))),

    remove: (path) => writing(path, () => patiently(() => unlinkIfThere(at(path)))),

    makeWritable: (path) => writing(path, () => fs.chmodSync(at(path), 0o700)),

    removeFolder: (path) =>
      writing(path, () => {
        try {
          fs.rmdirSync(at(path))
          return true
        } catch (error) {
          const code = codeOf(error)
          if (code === 'ENOENT') return true
          if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
          throw error
        }
      }),

    setModified: (path, mtimeNs) =>
      writing(path, () => {
        const seconds = Number(mtimeNs) / 1e9
        fs.lutimesSync(at(path), seconds, seconds)
      }),
  }
}

function flushes({ at, writing }: Disk): Pick<FolderFiles, Flushes> {
  return {
    // Windows flushes only what is open for writing; elsewhere a read-only file must do, too.
    flushFile: (path) => writing(path, () => flush(at(path), systemIsWindows ? 'r+' : 'r')),

    flushFolder: (path) =>
      writing(path, async () => {
        try {
          await flush(at(path), 'r')
        } catch (error) {
          if (!noFlushCodes.has(codeOf(error))) throw error
        }
      }),
  }
}

const systemIsWindows = process.platform === 'win32'

/** Names that are not UTF-8 need a path of bytes; all others are strings, which is quicker. */
function systemPath(root: string, path: string): string | Buffer {
  if (path === '') return root
  if (path.isWellFormed()) return systemIsWindows ? join(root, path) : `${root}/${path}`
  return Buffer.concat([Buffer.from(`${root}/`), nameToBytes(path)])
}

function systemText(name: string): string | Buffer {
  return name.isWellFormed() ? name : Buffer.from(nameToBytes(name))
}

function listNames(path: string | Buffer): string[] {
  const names = fs.readdirSync(path)
  // Node puts this character where a name is not UTF-8; only then are its bytes worth asking for.
  if (!names.some((name) => name.includes('\ufffd'))) return names
  return fs.readdirSync(path, { encoding: 'buffer' }).map((name) => nameFromBytes(name))
}

function fileStat(stat: BigIntStats): FileStat {
  return {
    type: typeOf(stat),
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    inode: stat.ino,
    permissions: Number(stat.mode & 0o7777n),
  }
}

function typeOf(stat: Stats | BigIntStats): FileStat['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'folder'
  return stat.isSymbolicLink() ? 'symlink' : 'other'
}

const fsync = promisify(fs.fsync)

async function flush(path: string | Buffer, flags: string): Promise<void> {
  const file = fs.openSync(path, flags)
  try {
    await fsync(file)
  } finally {
    fs.closeSync(file)
  }
}

/** Half a file takes room that is short, and half a lock is nobody's and in everybody's way. */
async function fill(
  handle: fsp.FileHandle,
  path: string | Buffer,
  write: () => Promise<void>,
): Promise<void> {
  let isWhole = false
  try {
    await write()
    isWhole = true
  } finally {
    await handle.close()
    if (!isWhole) unlinkIfThere(path)
  }
}

function unlinkIfThere(path: string | Buffer): void {
  try {
    fs.unlinkSync(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error
  }
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

async function patiently<T>(run: () => T): Promise<T> {
  for (const pauseMs of busyPausesMs) {
    try {
      return run()
    } catch (error) {
      if (!systemIsWindows || !busyCodes.has(codeOf(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return run()
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? ''
}

const reasons: Readonly<Record<string, FileReason>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EBUSY: 'denied',
  ENOSPC: 'full',
  EDQUOT: 'full',
  ELOOP: 'unsafe',
}

function sourceError(error: unknown, root: string, path: string): SourceError {
  const reason = reasons[codeOf(error)] ?? 'io'
  return new SourceError(message(error, root, path, 'read'), path, reason, { cause: error })
}

function targetError(error: unknown, root: string, path: string): TargetError {
  const reason = reasons[codeOf(error)] ?? 'io'
  return new TargetError(message(error, root, path, 'write'), path, reason, { cause: error })
}

/** Node's own message names the system call and an absolute path; people need neither. */
function message(error: unknown, root: string, path: string, verb: 'read' | 'write'): string {
  const code = codeOf(error)
  const why = texts[code] ?? (error instanceof Error ? error.message : String(error))
  return `cannot ${verb} ${path === '' ? root : path}: ${why}`
}

const texts: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder, or not in one',
  EEXIST: 'something else has its name',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  EBUSY: 'another program holds it open',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EXDEV: 'it is on another disk than the pack folder',
  EIO: 'the disk reports an error',
}
