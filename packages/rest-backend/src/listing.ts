import {
  BackendError,
  folderOf,
  isId,
  isResticError,
  requestLabel,
  type BackendRequest,
  type Cancellable,
  type FileInfo,
  type NamedFileType,
} from 'restic-core/backend'
import type { Client } from './client.ts'
import { answerError } from './errors.ts'
import { parseFileList, type ListedFile } from './file-list.ts'
import { stat } from './files.ts'

/** About 5 million files; a JavaScript string cannot be much longer, bytes. */
const listLengthMax = 500_000_000

export async function* list(
  client: Client,
  type: NamedFileType,
  options: Cancellable & { readonly connections: number },
): AsyncGenerator<FileInfo> {
  const { signal, connections } = options
  const unsized: string[] = []
  for (const { name, size } of await fetchList(client, type, signal)) {
    if (!isId(name)) continue
    if (size === undefined) unsized.push(name)
    else yield { name, size }
  }
  // Version 1 of the protocol tells no sizes.
  for (let at = 0; at < unsized.length; at += connections) {
    const group = unsized.slice(at, at + connections)
    const infos = await Promise.all(group.map((name) => infoOf(client, type, name, signal)))
    for (const info of infos) if (info) yield info
  }
}

async function fetchList(
  client: Client,
  type: NamedFileType,
  signal: AbortSignal | undefined,
): Promise<readonly ListedFile[]> {
  const request: BackendRequest = { operation: 'list', type }
  const path = `${folderOf(type)}/`
  const answerLengthMax = listLengthMax
  const answer = await client.ask(request, { method: 'GET', path, answerLengthMax, signal })
  // rest-server says so of a folder it has not made yet. rclone shows such a folder as empty, so
  // its 404 is something else.
  const isRclone = (answer.header('server') ?? '').startsWith('rclone/')
  if (answer.status === 404 && !isRclone) return []
  if (answer.status !== 200) throw answerError(requestLabel(request), answer)
  try {
    return parseFileList(answer.body)
  } catch (error) {
    throw new BackendError(`${requestLabel(request)}: the answer is no list of files`, 'refused', {
      hint: 'Check the location: the server may not be a restic REST server.',
      cause: error,
    })
  }
}

/** Undefined for a file that was removed since it was listed. */
async function infoOf(
  client: Client,
  type: NamedFileType,
  name: string,
  signal: AbortSignal | undefined,
): Promise<FileInfo | undefined> {
  try {
    return await stat(client, { type, name }, { signal })
  } catch (error) {
    if (isResticError(error, 'BACKEND') && error.reason === 'not-found') return undefined
    throw error
  }
}
