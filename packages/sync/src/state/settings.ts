import * as z from 'zod'
import type { Cancellable } from 'restic-core'
import { SyncError } from '../errors.ts'
import type { FolderFiles } from '../files/folder-files.ts'
import { controlPaths } from './control-folder.ts'
import { readJson, replaceJson } from './json-file.ts'

const schemaKnown = 1

/**
 * sync.json, whose presence means that the folder is synced. Loose: a newer version may write keys
 * that this one does not know, and a rewrite keeps them. The id is not held to be a ULID, since the
 * Python cloud-sync did not check; it only must be one plain path segment.
 */
const settingsJson = z.looseObject({
  schema: z.literal(schemaKnown),
  url: z.string().min(1),
  instance_id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
})
const newerJson = z
  .looseObject({ schema: z.int().min(schemaKnown + 1) })
  .transform(() => 'newer' as const)

export interface SyncSettings {
  /** address of the server, or a repository location */
  readonly url: string
  readonly instanceId: string
}

/** undefined: the folder is not opted in. @throws SyncError 'SETTINGS' */
export async function readSettings(
  files: FolderFiles,
  options?: Cancellable,
): Promise<SyncSettings | undefined> {
  const path = controlPaths.settings
  const json = await readJson(files, path, z.union([settingsJson, newerJson]), options)
  if (json === 'newer') {
    throw new SyncError('SETTINGS', `${path} was written by a newer version of this program`, {
      hint: 'Use that version here, too.',
      paths: [path],
    })
  }
  return json && { url: json.url, instanceId: json.instance_id }
}

export async function writeSettings(files: FolderFiles, settings: SyncSettings): Promise<void> {
  const known = await readJson(files, controlPaths.settings, z.looseObject({}))
  const { url, instanceId } = settings
  const json = { ...known, schema: schemaKnown, url, instance_id: instanceId }
  await replaceJson(files, controlPaths.settings, json)
}

export async function removeSettings(files: FolderFiles): Promise<void> {
  await files.remove(controlPaths.settings)
}
