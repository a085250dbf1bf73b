import * as z from 'zod'
import type { SnapshotId, StoredSnapshot, TreeId } from 'restic-core'
import { isSyncError } from '../errors.ts'
import { type FolderFiles, joined } from '../files/folder-files.ts'
import type { LineageSnapshot } from '../lineage/lineage.ts'
import { seenOf } from '../lineage/marks.ts'
import { controlPaths } from '../state/control-folder.ts'
import { readJson, replaceFile } from '../state/json-file.ts'

/** A snapshot as the sync layer sees it. */
export interface HistorySnapshot extends LineageSnapshot {
  /** RFC 3339, for people */
  readonly time: string
  readonly hostname: string
  readonly paths: readonly string[]
  /** in the snapshot, as its summary tells */
  readonly files?: number | undefined
  /** bytes of them */
  readonly bytes?: number | undefined
}

export function historySnapshot(snapshot: StoredSnapshot): HistorySnapshot {
  const { id, tree, tags, parent, original, time, hostname, paths } = snapshot
  const files = snapshot.summary?.totalFilesProcessed
  const bytes = snapshot.summary?.totalBytesProcessed
  const seen = seenOf(snapshot.extra)
  return { id, tree, tags, parent, original, time, hostname, paths, files, bytes, seen }
}

const historyFile = joined(controlPaths.cache, 'history.json')
const id = z.string().regex(/^[0-9a-f]{64}$/)
const snapshotJson = z.object({
  tree: id,
  tags: z.array(z.string()),
  parent: id.optional(),
  original: id.optional(),
  seen: z.record(z.string(), z.number()).optional(),
  time: z.string(),
  hostname: z.string(),
  paths: z.array(z.string()),
  files: z.number().optional(),
  bytes: z.number().optional(),
})
const historyJson = z.object({
  schema: z.literal(1),
  location: z.string(),
  snapshots: z.record(id, snapshotJson),
})

/** Snapshots read before. They never change, so knowing their names is enough to use them. */
export async function readHistoryCache(
  files: FolderFiles,
  location: string,
): Promise<ReadonlyMap<SnapshotId, HistorySnapshot>> {
  try {
    const json = await readJson(files, historyFile, historyJson)
    if (json?.location !== location) return new Map()
    return new Map(
      Object.entries(json.snapshots).map(([name, { tree, parent, original, ...rest }]) => [
        name as SnapshotId,
        {
          ...rest,
          id: name as SnapshotId,
          tree: tree as TreeId,
          parent: parent as SnapshotId | undefined,
          original: original as SnapshotId | undefined,
        },
      ]),
    )
  } catch (error) {
    if (isSyncError(error, 'SETTINGS')) return new Map()
    throw error
  }
}

export async function writeHistoryCache(
  files: FolderFiles,
  location: string,
  snapshots: Iterable<HistorySnapshot>,
): Promise<void> {
  const rows = Array.from(snapshots, ({ id: name, ...rest }) => [name, rest])
  const json = { schema: 1, location, snapshots: Object.fromEntries(rows) }
  await replaceFile(files, historyFile, JSON.stringify(json), 0o600)
}
