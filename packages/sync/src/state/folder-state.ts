import * as z from 'zod'
import type { Cancellable, SnapshotId, TreeId } from 'restic-core'
import type { FolderFiles } from '../files/folder-files.ts'
import type { Seen } from '../lineage/seen.ts'
import { controlPaths } from './control-folder.ts'
import { readJson, replaceJson } from './json-file.ts'
import { isSyncError } from '../errors.ts'

const hexId = z.string().regex(/^[0-9a-f]{64}$/)
const seenJson = z.record(z.string(), z.number().int().nonnegative())

const baseJson = z.looseObject({
  snapshot: hexId,
  tree: hexId,
  content: hexId.optional(),
  scope: hexId.optional(),
  seen: seenJson.optional(),
})

const stateJson = z.looseObject({
  schema: z.literal(2),
  instance_id: z.string(),
  base: baseJson.optional(),
  time: z.string().optional(),
  host: z.string().optional(),
  device: z.looseObject({ id: z.string(), host: z.string(), root: z.string() }).optional(),
  push: z
    .looseObject({ parent: hexId.optional(), tree: hexId.optional(), time: z.string().optional() })
    .optional(),
})

/** The state this folder was last equal to. */
export interface Base {
  readonly snapshot: SnapshotId
  readonly tree: TreeId
  /** fingerprint of the entries in scope, so that "unchanged" is known without the repository */
  readonly content?: string | undefined
  /** fingerprint of the scope that `content` was made under */
  readonly scope?: string | undefined
  /** which pushes of which devices the snapshot holds */
  readonly seen?: Seen | undefined
}

/** Which folder pushes. A copied folder must get an id of its own, so it is bound to its place. */
export interface Device {
  readonly id: string
  readonly host: string
  readonly root: string
}

/**
 * A push that began and did not end: packs may lie on the server that no index names, and when
 * `tree` is told, the snapshot may be there as well.
 */
export interface OpenPush {
  readonly parent?: SnapshotId | undefined
  readonly tree?: TreeId | undefined
  readonly time?: string | undefined
}

export interface FolderState {
  readonly instanceId: string
  readonly base?: Base | undefined
  /** when the base was last set, for people */
  readonly time?: string | undefined
  readonly host?: string | undefined
  readonly device?: Device | undefined
  readonly push?: OpenPush | undefined
}

/**
 * undefined when there is none of this schema and this instance: then the folder has no base, and
 * nothing of it is taken for synced. A damaged state is no better than none, and no worse.
 */
export async function readState(
  files: FolderFiles,
  instanceId: string,
  options?: Cancellable,
): Promise<FolderState | undefined> {
  const json = await readLoosely(files, stateJson, options)
  if (json === undefined || json.instance_id !== instanceId) return undefined
  return {
    instanceId: json.instance_id,
    base: json.base && {
      snapshot: json.base.snapshot as SnapshotId,
      tree: json.base.tree as TreeId,
      content: json.base.content,
      scope: json.base.scope,
      seen: json.base.seen,
    },
    time: json.time,
    host: json.host,
    device: json.device,
    push: json.push && {
      parent: json.push.parent as SnapshotId | undefined,
      tree: json.push.tree as TreeId | undefined,
      time: json.push.time,
    },
  }
}

export async function writeState(files: FolderFiles, state: FolderState): Promise<void> {
  const known = await readLoosely(files, z.looseObject({}))
  await replaceJson(files, controlPaths.state, {
    ...known,
    schema: 2,
    instance_id: state.instanceId,
    base: state.base,
    time: state.time,
    host: state.host,
    device: state.device,
    push: state.push,
  })
}

async function readLoosely<Schema extends z.ZodType>(
  files: FolderFiles,
  schema: Schema,
  options?: Cancellable,
): Promise<z.infer<Schema> | undefined> {
  try {
    return await readJson(files, controlPaths.state, schema, options)
  } catch (error) {
    if (isSyncError(error, 'SETTINGS')) return undefined
    throw error
  }
}
