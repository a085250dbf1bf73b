import {
  BackendError,
  fileLabel,
  nameOf,
  requestLabel,
  shortRead,
  urlPathOf,
  type ByteRange,
  type Cancellable,
  type FileHandle,
  type FileInfo,
  type ReadOptions,
} from 'restic-core/backend'
import type { Client } from './client.ts'
import { answerError, webPageError } from './errors.ts'
import { uploadBody } from './upload-body.ts'

/** The largest file we take, bytes. restic's packs end at 128 MiB, its index files stay below. */
const fileLengthMax = 1024 ** 3

export async function create(client: Client, { signal }: Cancellable = {}): Promise<void> {
  const request = { operation: 'create' } as const
  const config = await client.ask(request, { method: 'HEAD', path: 'config', signal })
  if (config.status === 200) {
    throw new BackendError('there is a repository on the server already', 'refused')
  }
  if (config.status !== 404) throw answerError(requestLabel(request), config)
  const headers = { 'content-type': 'binary/octet-stream' }
  const body = uploadBody([])
  const call = { method: 'POST', path: '?create=true', headers, body, signal } as const
  const answer = await client.ask(request, call)
  if (answer.status !== 200) throw answerError(requestLabel(request), answer)
}

export async function stat(
  client: Client,
  file: FileHandle,
  { signal }: Cancellable = {},
): Promise<FileInfo> {
  const path = urlPathOf(file)
  const request = { operation: 'stat', file } as const
  const answer = await client.ask(request, { method: 'HEAD', path, signal })
  if (answer.status !== 200) throw answerError(requestLabel(request), answer)
  const length = answer.header('content-length') ?? ''
  if (!/^\d+$/.test(length)) throw webPageError(requestLabel(request), 'the answer has no length')
  return { name: nameOf(file), size: Number(length) }
}

export async function read(
  client: Client,
  file: FileHandle,
  { range, into, signal }: ReadOptions,
): Promise<Uint8Array> {
  if (range?.length === 0) return readNothing(client, file, range, { signal })
  const path = urlPathOf(file)
  const request = { operation: 'read', file, range } as const
  const answer = await client.ask(request, {
    method: 'GET',
    path,
    headers: range ? { range: `bytes=${range.offset}-${range.offset + range.length - 1}` } : {},
    slice: range,
    into,
    answerLengthMax: fileLengthMax,
    signal,
  })
  const { status, body } = answer
  const wanted = range ? [200, 206] : [200]
  if (!wanted.includes(status)) throw answerError(requestLabel(request), answer)
  if (!range) return body
  const start = /^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1]
  const misplaced = status === 206 && Number(start) !== range.offset
  if (misplaced && body.length > 0) {
    throw webPageError(requestLabel(request), 'the answer is another range than was asked for')
  }
  if (body.length === range.length) return body
  if (body.length > range.length) return body.slice(0, range.length)
  throw shortRead(file, range, range.offset + body.length)
}

/** HTTP has no empty ranges. */
async function readNothing(
  client: Client,
  file: FileHandle,
  range: ByteRange,
  call: Cancellable,
): Promise<Uint8Array> {
  const { size } = await stat(client, file, call)
  if (range.offset > size) throw shortRead(file, range, size)
  return new Uint8Array()
}

export async function write(
  client: Client,
  file: FileHandle,
  body: readonly Uint8Array[],
  { signal }: Cancellable = {},
): Promise<void> {
  const upload = uploadBody(body)
  const request = { operation: 'write', file, size: upload.length } as const
  const answer = await client.ask(request, {
    method: 'POST',
    path: urlPathOf(file),
    headers: { 'content-type': 'application/octet-stream' },
    body: upload,
    signal,
  })
  if (answer.status === 200) return
  // The server says the same for "it is there" and for "you may not".
  if (answer.status === 403 && (await isThere(client, file, signal))) {
    throw new BackendError(`${fileLabel(file)} exists already`, 'refused')
  }
  const error = answerError(requestLabel(request), answer)
  if (answer.status !== 400) throw error
  // What arrived was not what we sent: shorter, or with another hash.
  throw new BackendError(error.message, 'unavailable', { hint: 'The data was damaged on its way.' })
}

async function isThere(
  client: Client,
  file: FileHandle,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const path = urlPathOf(file)
  const answer = await client.ask({ operation: 'stat', file }, { method: 'HEAD', path, signal })
  return answer.status === 200
}

export async function remove(
  client: Client,
  file: FileHandle,
  { signal }: Cancellable = {},
): Promise<void> {
  const path = urlPathOf(file)
  const request = { operation: 'remove', file } as const
  const answer = await client.ask(request, { method: 'DELETE', path, signal })
  if (answer.status === 200) return
  const error = answerError(requestLabel(request), answer)
  if (answer.status !== 403) throw error
  const hint = 'The server may be append-only; it keeps what was stored.'
  throw new BackendError(error.message, 'denied', { hint })
}
