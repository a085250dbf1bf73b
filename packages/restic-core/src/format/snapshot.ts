import * as z from 'zod'
import type { SnapshotId, TreeId } from '../base/id.ts'
import { encodeText, formatJsonObject } from './json.ts'
import {
  jsonCount,
  jsonId,
  jsonTime,
  jsonU32,
  jsonWord,
  jsonWords,
  parseJsonObject,
  unknownMembers,
} from './json-schema.ts'

/** One backup. Times are in the form of format/time.ts. */
export interface Snapshot {
  /** when the backup began, or what the user said */
  readonly time: string
  readonly parent?: SnapshotId | undefined
  readonly tree: TreeId
  /** absolute, in the order of the command line */
  readonly paths: readonly string[]
  readonly hostname: string
  readonly username: string
  readonly uid: number
  readonly gid: number
  readonly excludes: readonly string[]
  readonly tags: readonly string[]
  /** where a chain of edits or copies began */
  readonly original?: SnapshotId | undefined
  readonly programVersion: string
  readonly summary?: SnapshotSummary | undefined
  /** What a newer or another program wrote beside it. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** What a backup found. Lengths are bytes. */
export interface SnapshotSummary {
  readonly backupStart: string
  readonly backupEnd: string
  readonly filesNew: number
  readonly filesChanged: number
  readonly filesUnmodified: number
  readonly dirsNew: number
  readonly dirsChanged: number
  readonly dirsUnmodified: number
  readonly dataBlobs: number
  readonly treeBlobs: number
  /** plaintext of the blobs that were new */
  readonly dataAdded: number
  /** what those take in the repository */
  readonly dataAddedPacked: number
  readonly totalFilesProcessed: number
  readonly totalBytesProcessed: number
  readonly extra?: Readonly<Record<string, unknown>>
}

const summaryJson = z.looseObject({
  backup_start: jsonTime,
  backup_end: jsonTime,
  files_new: jsonCount,
  files_changed: jsonCount,
  files_unmodified: jsonCount,
  dirs_new: jsonCount,
  dirs_changed: jsonCount,
  dirs_unmodified: jsonCount,
  data_blobs: jsonCount,
  tree_blobs: jsonCount,
  data_added: jsonCount,
  data_added_packed: jsonCount,
  total_files_processed: jsonCount,
  total_bytes_processed: jsonCount,
})

const snapshotJson = z.object({
  time: jsonTime,
  parent: jsonId.nullish(),
  tree: jsonId,
  paths: jsonWords,
  hostname: jsonWord,
  username: jsonWord,
  uid: jsonU32,
  gid: jsonU32,
  excludes: jsonWords,
  tags: jsonWords,
  original: jsonId.nullish(),
  program_version: jsonWord,
  summary: summaryJson.nullish(),
})

/**
 * Loose: what a newer restic or another program adds is kept, for a rewrite must not lose it.
 *
 * @throws CorruptDataError check 'json'
 */
export function parseSnapshot(json: Uint8Array, what: string): Snapshot {
  const { value, extra } = parseJsonObject(snapshotJson, json, what)
  return {
    time: value.time,
    parent: (value.parent ?? undefined) as SnapshotId | undefined,
    tree: value.tree as TreeId,
    paths: value.paths,
    hostname: value.hostname,
    username: value.username,
    uid: value.uid,
    gid: value.gid,
    excludes: value.excludes,
    tags: value.tags,
    original: (value.original ?? undefined) as SnapshotId | undefined,
    programVersion: value.program_version,
    summary: value.summary ? summaryOf(value.summary) : undefined,
    extra,
  }
}

function summaryOf(json: z.infer<typeof summaryJson>): SnapshotSummary {
  return {
    backupStart: json.backup_start,
    backupEnd: json.backup_end,
    filesNew: json.files_new,
    filesChanged: json.files_changed,
    filesUnmodified: json.files_unmodified,
    dirsNew: json.dirs_new,
    dirsChanged: json.dirs_changed,
    dirsUnmodified: json.dirs_unmodified,
    dataBlobs: json.data_blobs,
    treeBlobs: json.tree_blobs,
    dataAdded: json.data_added,
    dataAddedPacked: json.data_added_packed,
    totalFilesProcessed: json.total_files_processed,
    totalBytesProcessed: json.total_bytes_processed,
    extra: unknownMembers(json, summaryJson),
  }
}

/**
 * One damaged snapshot keeps a repository's snapshots from being listed, by restic as well.
 *
 * @throws TypeError for what could not be read again, such as the user id -1 that Node has on Windows
 */
export function formatSnapshot(snapshot: Snapshot): Uint8Array {
  const members = snapshotMembers(snapshot)
  const { error } = snapshotJson.safeParse(Object.fromEntries(members))
  if (error) {
    const [issue] = error.issues
    const member = issue?.path.join('.') ?? ''
    throw new TypeError(`a snapshot cannot be written, its ${member} is wrong: ${issue?.message}`)
  }
  return encodeText(formatJsonObject(members))
}

/** The JSON members of a snapshot in restic's order; undefined ones are not written. */
export function snapshotMembers(snapshot: Snapshot): [string, unknown][] {
  return [
    ['time', snapshot.time],
    ['parent', snapshot.parent],
    ['tree', snapshot.tree],
    ['paths', snapshot.paths],
    ['hostname', snapshot.hostname || undefined],
    ['username', snapshot.username || undefined],
    ['uid', snapshot.uid || undefined],
    ['gid', snapshot.gid || undefined],
    ['excludes', snapshot.excludes.length > 0 ? snapshot.excludes : undefined],
    ['tags', snapshot.tags.length > 0 ? snapshot.tags : undefined],
    ['original', snapshot.original],
    ['program_version', snapshot.programVersion || undefined],
    ['summary', snapshot.summary && Object.fromEntries(summaryMembers(snapshot.summary))],
    ...Object.entries(snapshot.extra ?? {}),
  ]
}

function summaryMembers(summary: SnapshotSummary): [string, unknown][] {
  return [
    ['backup_start', summary.backupStart],
    ['backup_end', summary.backupEnd],
    ['files_new', summary.filesNew],
    ['files_changed', summary.filesChanged],
    ['files_unmodified', summary.filesUnmodified],
    ['dirs_new', summary.dirsNew],
    ['dirs_changed', summary.dirsChanged],
    ['dirs_unmodified', summary.dirsUnmodified],
    ['data_blobs', summary.dataBlobs],
    ['tree_blobs', summary.treeBlobs],
    ['data_added', summary.dataAdded],
    ['data_added_packed', summary.dataAddedPacked],
    ['total_files_processed', summary.totalFilesProcessed],
    ['total_bytes_processed', summary.totalBytesProcessed],
    ...Object.entries(summary.extra ?? {}),
  ]
}
