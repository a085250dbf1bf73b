import * as zlib from 'node:zlib'
import { KiB } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { decompressFrames, frameLengthMax, type ZstdFrame } from '../kernel/zstd-frames.ts'
import { plainBytes } from './plain-bytes.ts'
import { ZstdContext } from './zstd-context.ts'

/**
 * node:zlib has zstd from 22.15 on; undefined on an older Node. A context is kept for each level
 * and for decoding, so make one of these per thread.
 */
export function nodeZstd(): Pick<Kernel, 'compress' | 'decompress'> | undefined {
  if (typeof zlib.zstdCompressSync !== 'function') return undefined
  const encoders = new Map<number, ZstdContext>()
  const decoder = ZstdContext.decoder(decoding)
  let memory = new Uint8Array()
  const outputOf = (length: number): Uint8Array => {
    if (memory.length < length) memory = new Uint8Array(length)
    return memory
  }
  return {
    compress(data, level, into) {
      const encoder = encoders.get(level) ?? ZstdContext.encoder(encoding(level))
      encoders.set(level, encoder)
      const lengthMax = frameLengthMax(data.length)
      const fits = into !== undefined && into.length >= lengthMax
      const output = fits ? into : outputOf(lengthMax)
      const length = encoder.run(data, output)
      if (length === undefined) return compressOnce(data, level)
      return fits ? output.subarray(0, length) : output.slice(0, length)
    },
    decompress: (data, lengthMax, into) =>
      decompressFrames(data, lengthMax, into, (bytes, length, frame, place) =>
        decodeFrame(decoder, bytes, length, frame, place),
      ),
  }
}

// The largest zstd knows. Its own default, 27, would refuse what restic reads.
const windowLogMax = 31
const decoding = { params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax } }

function encoding(level: number): zlib.ZstdOptions {
  return { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }
}

// Node's default, pieces of 16 KiB joined at the end, takes up to twice the time. The buffer is
// larger than the result ever is, since Node adds another when the first is full.
function compressOnce(data: Uint8Array, level: number): Uint8Array {
  const chunkSize = frameLengthMax(data.length)
  return plainBytes(zlib.zstdCompressSync(data, { ...encoding(level), chunkSize }))
}

/** node:zlib ignores what follows the first frame, so it is only ever given one. */
function decodeFrame(
  decoder: ZstdContext,
  bytes: Uint8Array,
  lengthMax: number,
  frame: ZstdFrame,
  into: Uint8Array | undefined,
): Uint8Array {
  const { contentLength } = frame
  if (contentLength !== undefined && contentLength <= lengthMax) {
    const fits = into !== undefined && into.length >= contentLength
    const output = fits ? into.subarray(0, contentLength) : new Uint8Array(contentLength)
    if (decoder.run(bytes, output) === contentLength) return output
  }
  return decodeOnce(bytes, lengthMax, frame)
}

function decodeOnce(bytes: Uint8Array, lengthMax: number, frame: ZstdFrame): Uint8Array {
  const chunkSize = 1 + (frame.contentLength ?? Math.min(frame.contentLengthMax, 64 * KiB))
  return plainBytes(
    zlib.zstdDecompressSync(bytes, {
      ...decoding,
      chunkSize: Math.max(64, chunkSize),
      maxOutputLength: Math.max(1, lengthMax),
    }),
  )
}
