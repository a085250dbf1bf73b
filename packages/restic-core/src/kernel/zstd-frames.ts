import { concatBytes } from '../base/bytes.ts'

/** One frame of a zstd stream, as found without decoding it. */
export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** What the header promises, bytes; undefined when it says nothing. */
  readonly contentLength: number | undefined
  /** More than this cannot come out of the blocks, whatever they hold. */
  readonly contentLengthMax: number
}

/** No frame of `length` bytes is longer, whatever they are: more than ZSTD_compressBound. */
export function frameLengthMax(length: number): number {
  return length + (length >> 8) + 128
}

/**
 * Decodes one frame, into `into` if it fits.
 *
 * @throws RangeError when the content is longer than `lengthMax`
 */
export type DecodeFrame = (
  bytes: Uint8Array,
  lengthMax: number,
  frame: ZstdFrame,
  into: Uint8Array | undefined,
) => Uint8Array

/**
 * Decodes every frame in `data` into one array. Decoders differ in what they do after the first
 * frame, with a skippable one and with a frame cut short; walking the frames first makes all agree.
 *
 * @throws RangeError when the plaintext is longer than `lengthMax`, Error when `data` is no zstd
 */
export function decompressFrames(
  data: Uint8Array,
  lengthMax: number,
  into: Uint8Array | undefined,
  decode: DecodeFrame,
): Uint8Array {
  let room = lengthMax
  const parts: Uint8Array[] = []
  const frames = zstdFrames(data)
  for (const frame of frames) {
    if ((frame.contentLength ?? 0) > room) throw tooLong(lengthMax)
    const bytes = data.subarray(frame.start, frame.end)
    const place = frames.length === 1 ? into : undefined
    const part = decode(bytes, Math.min(room, frame.contentLengthMax), frame, place)
    if (part.length > room) throw tooLong(lengthMax)
    room -= part.length
    parts.push(part)
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts)
}

function tooLong(lengthMax: number): RangeError {
  return new RangeError(`zstd content is longer than ${lengthMax} bytes`)
}

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const blockLengthMax = 128 * 1024

/**
 * The frames of a zstd stream in order; skippable ones are left out.
 *
 *     offset  size    field
 *          0     4    0xFD2FB528, little-endian like all that follows
 *          4     1    descriptor: bits 6-7 size of content length, 5 single segment, 2 checksum,
 *                     0-1 size of dictionary id
 *          5     0-1  window; absent in a single segment
 *                0-4  dictionary id
 *                0-8  content length
 *                     blocks: 3 bytes (bit 0 last, 1-2 kind, 3-23 size), then their data
 *                0-4  checksum
 *
 * Source: RFC 8878, section 3.1.
 *
 * @throws Error when `data` holds no frame, is cut short, or has bytes that belong to none
 */
export function zstdFrames(data: Uint8Array): readonly ZstdFrame[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const frames: ZstdFrame[] = []
  try {
    for (let at = 0; at < data.length;) {
      const magic = view.getUint32(at, true)
      if (magic === frameMagic) {
        const frame = readFrame(view, at)
        frames.push(frame)
        at = frame.end
      } else if ((magic & ~0xf) === skippableMagic) {
        at += 8 + view.getUint32(at + 4, true)
      } else throw notZstd('no frame begins here', at)
      if (at > data.length) throw notZstd('the last frame is cut short', data.length)
    }
  } catch (error) {
    // A DataView reports a read past its end so; ours are plain Errors.
    if (error instanceof RangeError) throw notZstd('the last frame is cut short', data.length)
    throw error
  }
  if (frames.length === 0) throw notZstd('there is no frame', 0)
  return frames
}

function readFrame(view: DataView, start: number): ZstdFrame {
  const descriptor = view.getUint8(start + 4)
  const singleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 4) !== 0
  const dictionaryIdSize = [0, 1, 2, 4][descriptor & 3] as number
  let at = start + 5 + (singleSegment ? 0 : 1) + dictionaryIdSize
  const sizeCode = descriptor >> 6
  const contentLength = readContentLength(view, at, sizeCode, singleSegment)
  at += sizeCode === 0 ? Number(singleSegment) : 1 << sizeCode
  const blocks = readBlocks(view, at)
  if (contentLength !== undefined && contentLength > blocks.contentLengthMax) {
    throw notZstd('the blocks cannot hold what the header promises', start)
  }
  return {
    start,
    end: blocks.end + (hasChecksum ? 4 : 0),
    contentLength,
    contentLengthMax: contentLength ?? blocks.contentLengthMax,
  }
}

function readContentLength(
  view: DataView,
  at: number,
  sizeCode: number,
  singleSegment: boolean,
): number | undefined {
  if (sizeCode === 0) return singleSegment ? view.getUint8(at) : undefined
  if (sizeCode === 1) return view.getUint16(at, true) + 256
  if (sizeCode === 2) return view.getUint32(at, true)
  return Number(view.getBigUint64(at, true))
}

function readBlocks(view: DataView, start: number): { end: number; contentLengthMax: number } {
  let contentLengthMax = 0
  for (let at = start; ;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
    const kind = (header >> 1) & 3
    const size = header >> 3
    if (kind === 3) throw notZstd('unknown kind of block', at)
    const storedSize = kind === 1 ? 1 : size
    contentLengthMax += kind === 2 ? blockLengthMax : size
    at += 3 + storedSize
    if ((header & 1) === 1) return { end: at, contentLengthMax }
  }
}

function notZstd(reason: string, at: number): Error {
  return new Error(`not zstd: ${reason} (byte ${at})`)
}
