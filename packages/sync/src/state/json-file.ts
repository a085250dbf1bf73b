import * as z from 'zod'
import type { Cancellable } from 'restic-core'
import { SyncError } from '../errors.ts'
import { type FolderFiles, folderOf } from '../files/folder-files.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/**
 * Reads a JSON file of the control folder; undefined when there is none.
 *
 * @throws SyncError 'SETTINGS' when it is there and is not what the schema wants
 */
export async function readJson<Schema extends z.ZodType>(
  files: FolderFiles,
  path: string,
  schema: Schema,
  options?: Cancellable,
): Promise<z.infer<Schema> | undefined> {
  const content = await files.read(path, options)
  if (content === undefined) return undefined
  const json = parsedText(content)
  const parsed = json === undefined ? undefined : schema.safeParse(json.value)
  if (parsed?.success === true) return parsed.data
  throw new SyncError('SETTINGS', `${path} is damaged`, {
    hint: 'Correct the file, or move it away and set the folder up again.',
    paths: [path],
    cause: parsed?.error,
  })
}

function parsedText(content: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(decoder.decode(content)) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

/**
 * Writes a file whole or not at all: a temporary name, flushed, renamed, and the folder flushed.
 *
 * @param permissions of the file; the folder is made when it is missing
 */
export async function replaceFile(
  files: FolderFiles,
  path: string,
  content: Uint8Array | string,
  permissions = 0o644,
): Promise<void> {
  const temporary = `${path}.new`
  await files.makeFolder(folderOf(path))
  await files.remove(temporary)
  const bytes = typeof content === 'string' ? encoder.encode(content) : content
  await files.create(temporary, bytes, permissions)
  await files.rename(temporary, path)
  await files.flushFolder(folderOf(path))
}

/** Two spaces and a last newline, as the Python cloud-sync writes its files. */
export function replaceJson(
  files: FolderFiles,
  path: string,
  value: unknown,
  permissions?: number,
): Promise<void> {
  return replaceFile(files, path, `${JSON.stringify(value, undefined, 2)}\n`, permissions)
}
