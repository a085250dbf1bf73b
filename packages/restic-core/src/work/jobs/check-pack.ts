import { toHex } from '../../base/bytes.ts'
import { CorruptDataError, isResticError } from '../../base/errors.ts'
import type { BlobId } from '../../base/id.ts'
import { openBlob } from '../../format/blob.ts'
import {
  type PackEntry,
  headerLengthSize,
  packHeaderLength,
  parseHeaderLength,
  parsePackHeader,
} from '../../format/pack-header.ts'
import { type MasterKey, open } from '../../format/seal.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { JobContext, JobRun } from '../pool.ts'

/** Checks every byte of a pack: its name, its blobs, its header, and the index against them. */
export interface CheckPack {
  readonly input: {
    readonly key: MasterKey
    /** the name of the pack */
    readonly id: string
    /** in memory that is shared */
    readonly bytes: Uint8Array
    /** what the index says is in it, in the order of offsets */
    readonly indexed: readonly PackEntry[]
  }
  readonly part: never
  /** What is wrong, one sentence each; none for a sound pack. */
  readonly output: readonly string[]
}

export function* checkPack(
  { key, id, bytes, indexed }: CheckPack['input'],
  { kernel }: JobContext,
): JobRun<'checkPack'> {
  const problems: string[] = [...layoutProblems(indexed)]
  for (const blob of indexed) {
    problems.push(...blobProblems(kernel, key, bytes, blob))
    // A place to stop at.
    yield undefined
  }
  const name = toHex(kernel.sha256(bytes))
  if (name !== id) problems.push(`its content has the hash ${name}`)
  problems.push(...headerProblems(kernel, key, bytes, indexed))
  return { value: problems }
}

/** Blobs lie without gaps from the start of the pack. */
function* layoutProblems(indexed: readonly PackEntry[]): Generator<string> {
  let end = 0
  for (const { id, offset, length } of indexed) {
    if (offset > end) yield `the index leaves a gap of ${offset - end} bytes before blob ${id}`
    if (offset < end) yield `the index lets blob ${id} overlap the one before it`
    end = offset + length
  }
}

function* blobProblems(
  kernel: Kernel,
  key: MasterKey,
  bytes: Uint8Array,
  blob: PackEntry,
): Generator<string> {
  const { id, offset, length } = blob
  if (offset + length > bytes.length) {
    yield `blob ${id} lies beyond the end of the pack`
    return
  }
  try {
    const sealed = bytes.subarray(offset, offset + length)
    openBlob(kernel, key, sealed, blob, `blob ${id}`, true)
  } catch (error) {
    if (!isResticError(error, 'CORRUPT')) throw error
    yield error.message
  }
}

function* headerProblems(
  kernel: Kernel,
  key: MasterKey,
  bytes: Uint8Array,
  indexed: readonly PackEntry[],
): Generator<string> {
  let entries: readonly PackEntry[]
  try {
    entries = readHeader(kernel, key, bytes)
  } catch (error) {
    if (!isResticError(error, 'CORRUPT')) throw error
    yield error.message
    return
  }
  const wanted = new Map<BlobId, PackEntry[]>()
  for (const entry of indexed) wanted.set(entry.id, [...(wanted.get(entry.id) ?? []), entry])
  for (const entry of entries) {
    const same = wanted.get(entry.id)?.findIndex((blob) => sameEntry(blob, entry)) ?? -1
    if (same < 0) yield `blob ${entry.id} is in its header, but not so in the index`
    else wanted.get(entry.id)?.splice(same, 1)
  }
  for (const [id, rest] of wanted) {
    if (rest.length > 0) yield `blob ${id} is in the index, but not so in its header`
  }
}

function readHeader(kernel: Kernel, key: MasterKey, bytes: Uint8Array): readonly PackEntry[] {
  const what = 'its header'
  const sealedLength = parseHeaderLength(bytes, bytes.length, what)
  const end = bytes.length - headerLengthSize
  const entries = parsePackHeader(
    open(kernel, key, bytes.subarray(end - sealedLength, end), what),
    what,
  )
  const blobsEnd = entries.reduce((sum, entry) => sum + entry.length, 0)
  if (blobsEnd + packHeaderLength(entries) !== bytes.length) {
    throw new CorruptDataError(what, 'length')
  }
  return entries
}

function sameEntry(a: PackEntry, b: PackEntry): boolean {
  return (
    a.id === b.id &&
    a.type === b.type &&
    a.offset === b.offset &&
    a.length === b.length &&
    a.uncompressedLength === b.uncompressedLength
  )
}
