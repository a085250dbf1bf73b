import { toHex } from '../base/bytes.ts'
import { CorruptDataError } from '../base/errors.ts'
import type { BlobId } from '../base/id.ts'
import type { PackColumns } from './pack-columns.ts'
import { sealOverhead } from './seal.ts'

export type BlobType = 'data' | 'tree'

/** One blob in a pack. Offsets and lengths are bytes. */
export interface PackEntry {
  readonly type: BlobType
  readonly id: BlobId
  /** from the start of the pack */
  readonly offset: number
  /** sealed: with nonce and MAC */
  readonly length: number
  /** 0 when the blob is stored without compression */
  readonly uncompressedLength: number
}

/** The number at the end of a pack: how long its sealed header is. */
export const headerLengthSize = 4
const plainEntrySize = 37
const compressedEntrySize = 41
const u32Max = 0xffff_ffff

/** The longest header readers take, with the number behind it. */
export const packHeaderLengthMax = 16_777_220
/** What a writer may put into one pack. */
export const packEntryCountMax: number = Math.floor(
  (packHeaderLengthMax - sealOverhead - headerLengthSize) / compressedEntrySize,
)
/** No pack is smaller: one empty blob's entry, sealed, and the length. */
export const packLengthMin: number = plainEntrySize + sealOverhead + headerLengthSize
/** Read this much of the end first: it holds the header of a pack with up to 15 blobs. */
export const packTailLength: number = 15 * compressedEntrySize + sealOverhead + headerLengthSize

const blobTypes: readonly BlobType[] = ['data', 'tree']
const compressedBit = 2

/**
 * The list at the end of a pack that names the blobs in it, in pack order.
 *
 * Plaintext, one entry per blob, integers little-endian:
 *
 *     offset  size  field
 *          0     1  kind: 0 data, 1 tree, 2 compressed data, 3 compressed tree
 *          1     4  stored length, bytes
 *          5     4  length before compression, bytes; kinds 2 and 3 only
 *      5 or 9   32  blob id
 *
 * Blobs lie without gaps from the start of the pack, so offsets are sums of lengths.
 * Source: restic's design document, section "Pack Format".
 *
 * @throws CorruptDataError check 'header', when an entry is cut short, its kind is unknown or its
 * lengths are impossible
 */
export function parsePackHeader(plaintext: Uint8Array, what: string): PackEntry[] {
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  const entries: PackEntry[] = []
  let offset = 0
  for (let at = 0; at < plaintext.length;) {
    const kind = plaintext[at] as number
    const isCompressed = (kind & compressedBit) !== 0
    const type = blobTypes[kind & ~compressedBit]
    const size = isCompressed ? compressedEntrySize : plainEntrySize
    if (type === undefined || at + size > plaintext.length) throw damaged(what)
    const length = view.getUint32(at + 1, true)
    const uncompressedLength = isCompressed ? view.getUint32(at + 5, true) : 0
    if (length < sealOverhead || offset + length > u32Max) throw damaged(what)
    if (isCompressed && uncompressedLength === 0) throw damaged(what)
    const id = toHex(plaintext, at + size - 32, at + size) as BlobId
    entries.push({ type, id, offset, length, uncompressedLength })
    offset += length
    at += size
  }
  if (entries.length === 0) throw damaged(what)
  return entries
}

/** The plaintext of the header. Offsets are not written: blobs must be in pack order, without gaps. */
export function formatPackHeader(columns: PackColumns): Uint8Array {
  const { types, ids, length, uncompressedLength } = columns
  const plaintext = new Uint8Array(headerPlaintextLength(uncompressedLength))
  const view = new DataView(plaintext.buffer)
  let at = 0
  for (let row = 0; row < types.length; row++) {
    const uncompressed = uncompressedLength[row] as number
    const size = entrySize(uncompressed)
    plaintext[at] = (types[row] as number) | (uncompressed > 0 ? compressedBit : 0)
    view.setUint32(at + 1, length[row] as number, true)
    if (uncompressed > 0) view.setUint32(at + 5, uncompressed, true)
    const idAt = at + size - 32
    for (let byte = 0; byte < 32; byte++) plaintext[idAt + byte] = ids[row * 32 + byte] as number
    at += size
  }
  return plaintext
}

/** Bytes a blob takes in the header: 37, or 41 when it is compressed. */
export function entrySize(uncompressedLength: number): number {
  return uncompressedLength > 0 ? compressedEntrySize : plainEntrySize
}

/** Everything behind the last blob: the sealed header and its length. */
export function packHeaderLength(
  entries: readonly { readonly uncompressedLength: number }[],
): number {
  const plaintext = headerPlaintextLength(
    entries.map(({ uncompressedLength }) => uncompressedLength),
  )
  return plaintext + sealOverhead + headerLengthSize
}

/** Bytes of the whole pack. */
export function packLength(
  entries: readonly { readonly length: number; readonly uncompressedLength: number }[],
): number {
  return entries.reduce((sum, entry) => sum + entry.length, packHeaderLength(entries))
}

/** The number to put at the end of a pack. */
export function formatHeaderLength(sealedHeaderLength: number): Uint8Array {
  const bytes = new Uint8Array(headerLengthSize)
  new DataView(bytes.buffer).setUint32(0, sealedHeaderLength, true)
  return bytes
}

/**
 * How long the sealed header is that ends 4 bytes before the end of the pack.
 *
 * @param tail at least the last 4 bytes of the pack
 * @param packSize bytes of the whole pack
 * @throws CorruptDataError check 'header', when the pack cannot hold such a header
 */
export function parseHeaderLength(tail: Uint8Array, packSize: number, what: string): number {
  if (packSize < packLengthMin || tail.length < headerLengthSize) throw damaged(what)
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  const length = view.getUint32(tail.length - headerLengthSize, true)
  const lengthMax = Math.min(packSize, packHeaderLengthMax) - headerLengthSize
  if (length < plainEntrySize + sealOverhead || length > lengthMax) throw damaged(what)
  return length
}

function headerPlaintextLength(uncompressedLengths: Iterable<number>): number {
  let length = 0
  for (const uncompressedLength of uncompressedLengths) length += entrySize(uncompressedLength)
  return length
}

function damaged(what: string): CorruptDataError {
  return new CorruptDataError(what, 'header')
}
