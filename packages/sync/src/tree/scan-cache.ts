import * as z from 'zod'
import type { BlobId } from 'restic-core'
import { isSyncError } from '../errors.ts'
import { joined, type FileStat, type FolderFiles } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import { readJson, replaceFile } from '../state/json-file.ts'
import type { FileEntry } from './entry.ts'

/** A file's content, as long as its stat is still this one. */
export interface CachedFile {
  readonly stat: FileStat
  readonly entry: FileEntry
}

export type ScanCache = ReadonlyMap<string, CachedFile>

export interface StoredScan {
  /** the repository whose polynomial the contents were cut with */
  readonly repository: string | undefined
  readonly cache: ScanCache
}

const noScan: StoredScan = { repository: undefined, cache: new Map() }

const cacheFile = joined(controlPaths.cache, 'files.json')
/** Columns of one file: path, size, mtime, ctime and inode as decimal, executable, blobs joined by ','. */
type Row = readonly [string, number, string, string, string, boolean, string]
const cacheJson = z.object({
  schema: z.literal(2),
  /** blobs are cut with its polynomial */
  repository: z.string(),
  // By hand: a schema takes longer for the rows of a large game than all else that finds nothing new.
  files: z.custom<readonly Row[]>((value) => Array.isArray(value) && value.every(isRow)),
})

function isRow(value: unknown): value is Row {
  if (!Array.isArray(value) || value.length !== 7) return false
  const [path, size, mtime, ctime, inode, executable, blobs] = value as unknown[]
  return (
    typeof path === 'string' &&
    typeof size === 'number' &&
    isDecimal(mtime) &&
    isDecimal(ctime) &&
    isDecimal(inode) &&
    typeof executable === 'boolean' &&
    typeof blobs === 'string'
  )
}

function isDecimal(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+$/.test(value)
}

/** Empty when there is none, or it is damaged: it may be lost at any time. */
export async function readScanCache(files: FolderFiles): Promise<StoredScan> {
  try {
    const json = await readJson(files, cacheFile, cacheJson)
    if (json === undefined) return noScan
    const cache = new Map(json.files.map((row) => [row[0], cachedFile(row)]))
    return { repository: json.repository, cache }
  } catch (error) {
    if (isSyncError(error, 'SETTINGS')) return noScan
    throw error
  }
}

function cachedFile([, size, mtime, ctime, inode, executable, blobs]: Row): CachedFile {
  return {
    stat: {
      type: 'file',
      size,
      mtimeNs: BigInt(mtime),
      ctimeNs: BigInt(ctime),
      inode: BigInt(inode),
      permissions: 0,
    },
    entry: {
      type: 'file',
      size,
      executable,
      content: blobs === '' ? [] : (blobs.split(',') as BlobId[]),
    },
  }
}

export async function writeScanCache(
  files: FolderFiles,
  repository: string,
  cache: ScanCache,
): Promise<void> {
  const rows = Array.from(cache, ([path, { stat, entry }]): Row => [
    path,
    stat.size,
    String(stat.mtimeNs),
    String(stat.ctimeNs),
    String(stat.inode),
    entry.executable,
    entry.content.join(','),
  ])
  const json = { schema: 2, repository, files: rows }
  await replaceFile(files, cacheFile, JSON.stringify(json), 0o600)
}

/** Whether a file's content cannot have changed without changing this. */
export function sameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.type === b.type &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.inode === b.inode
  )
}

/** Steps of the times of most file systems, and of those that only know whole seconds (FAT: two). */
const fineStepNs = 50_000_000n
const coarseStepNs = 2_500_000_000n

/**
 * Whether a file's times are far enough in the past of the file system's own clock that a later
 * change must give it other ones. A file that is not settled is read again at the next scan.
 *
 * @param nowNs the file system's time before the content was read
 */
export function isSettled({ mtimeNs, ctimeNs }: FileStat, nowNs: bigint): boolean {
  const isCoarse = ctimeNs % 1_000_000_000n === 0n && mtimeNs % 1_000_000_000n === 0n
  const step = isCoarse ? coarseStepNs : fineStepNs
  return ctimeNs < nowNs - step && mtimeNs < nowNs - step
}

/** What time it is for the file system of the folder, which may be another machine's. */
export async function fileSystemNow(files: FolderFiles): Promise<bigint> {
  const probe = joined(controlPaths.cache, 'now')
  await files.makeFolder(controlPaths.cache)
  await files.remove(probe)
  await files.claim(probe, new Uint8Array(0))
  const now = files.stat(probe)?.mtimeNs ?? 0n
  await files.remove(probe)
  return now
}
