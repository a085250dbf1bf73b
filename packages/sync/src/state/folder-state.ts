import * as z from 'zod'
import type { Cancellable, SnapshotId, TreeId } from 'restic-core'
import type { FolderFiles } from '../files/folder-files.ts'
import type { Seen } from '../lineage/seen.ts'
import { controlPaths } from './control-folder.ts'
import { readJson, replaceJson } from './json-file.ts'
import { isSyncError } from '../errors.ts'

const hexId = z.string().regex(/^[0-9a-f]{64}$/)
const seenJson = z.record(z.string(), z.number().int().nonnegative())

export const baseJson: BaseJson = z.looseObject({
  snapshot: hexId,
  tree: hexId,
  content: hexId.optional(),
  scope: hexId.optional(),
  top: z.array(z.string()).optional(),
  seen: seenJson.optional(),
})

type BaseJson = z.ZodType<{
  snapshot: string
  tree: string
  content?: string | undefined
  scope?: string | undefined
  top?: string[] | undefined
  seen?: Record<string, number> | undefined
}>

const stateJson = z.looseObject({
  schema: z.literal(2),
  instance_id: z.string(),
  base: baseJson.optional(),
  time: z.string().optional(),
  host: z.string().optional(),
  device: z.looseObject({ id: z.string(), host: z.string(), root: z.string() }).optional(),
  push: z.looseObject({ base: baseJson.optional() }).optional(),
  applied: z.string().optional(),
  begins: z.boolean().optional(),
})

/** The state this folder was last equal to. */
export interface Base {
  readonly snapshot: SnapshotId
  readonly tree: TreeId
  /** fingerprint of the entries in scope, so that "unchanged" is known without the repository */
  readonly content?: string | undefined
  /** fingerprint of the scope that `content` was made under */
  readonly scope?: string | undefined
  /** the names that the entries in scope begin with, so that an emptied folder is seen at once */
  readonly top?: string[] | undefined
  /** which pushes of which devices the snapshot holds */
  readonly seen?: Seen | undefined
}

/** Which folder pushes. A copied folder must get an id of its own, so it is bound to its place. */
export interface Device {
  readonly id: string
  readonly host: string
  readonly root: string
}

/** A push that began and did not end: packs may lie on the server that no index names. */
export interface OpenPush {
  /** what the base is, once the snapshot turns up in the history */
  readonly base?: Base | undefined
}

export interface FolderState {
  readonly instanceId: string
  readonly base?: Base | undefined
  /** when the base was last set, for people */
  readonly time?: string | undefined
  readonly host?: string | undefined
  readonly device?: Device | undefined
  readonly push?: OpenPush | undefined
  /** the last change of the folder that was completed */
  readonly applied?: string | undefined
  /** an init was told that the repository is to be made although the folder was synced before */
  readonly begins?: boolean | undefined
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
    base: json.base && baseOf(json.base),
    time: json.time,
    host: json.host,
    device: json.device,
    push: json.push && { base: json.push.base && baseOf(json.push.base) },
    applied: json.applied,
    begins: json.begins,
  }
}

export function baseOf({
  snapshot,
  tree,
  content,
  scope,
  top,
  seen,
}: z.infer<typeof baseJson>): Base {
  return {
    snapshot: snapshot as SnapshotId,
    tree: tree as TreeId,
    content,
    scope,
    top,
    seen,
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
    applied: state.applied,
    begins: state.begins,
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
