import * as zlib from 'node:zlib'
import { KiB } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { decompressFrames, type ZstdFrame } from '../kernel/zstd-frames.ts'
import { plainBytes } from './plain-bytes.ts'

/** node:zlib has zstd from 22.15 on; undefined on an older Node. */
export function nodeZstd(): Pick<Kernel, 'compress' | 'decompress'> | undefined {
  if (typeof zlib.zstdCompressSync !== 'function') return undefined
  return {
    compress: (data, level) =>
      plainBytes(zlib.zstdCompressSync(data, compressOptions(data, level))),
    decompress: (data, lengthMax) => decompressFrames(data, lengthMax, decodeFrame),
  }
}

// Node's default, pieces of 16 KiB joined at the end, takes up to twice the time. The buffer is one
// byte larger than the result ever is, since Node adds another when the first is full.
function compressOptions(data: Uint8Array, level: number): zlib.ZstdOptions {
  return {
    chunkSize: data.length + (data.length >> 8) + 128,
    params: { [zlib.constants.ZSTD_c_compressionLevel]: level },
  }
}

// The largest zstd knows. Its own default, 27, would refuse what restic reads.
const windowLogMax = 31

/** node:zlib ignores what follows the first frame, so it is only ever given one. */
function decodeFrame(bytes: Uint8Array, lengthMax: number, frame: ZstdFrame): Uint8Array {
  const chunkSize = 1 + (frame.contentLength ?? Math.min(frame.contentLengthMax, 64 * KiB))
  return plainBytes(
    zlib.zstdDecompressSync(bytes, {
      chunkSize: Math.max(64, chunkSize),
      maxOutputLength: Math.max(1, lengthMax),
      params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLogMax },
    }),
  )
}
