import { concatBytes, totalLength } from 'restic-core/backend'
import type { UploadBody } from './exchange.ts'

/** Large enough for speed, small enough for a slow line to show progress all the time, bytes. */
export const pieceLength: number = 1024 * 1024
/** Arrays up to this length are copied together, for fewer writes to the socket, bytes. */
const copiedLengthMax = 32 * 1024

/**
 * A list of arrays as the pieces a socket takes: neighbours that are small are copied into one piece,
 * long arrays are cut without a copy.
 */
export function uploadBody(body: readonly Uint8Array[]): UploadBody {
  return { length: totalLength(body), pieces: () => piecesOf(body) }
}

function* piecesOf(body: readonly Uint8Array[]): Generator<Uint8Array> {
  let short: Uint8Array[] = []
  let length = 0
  for (const bytes of body) {
    const isLong = bytes.length > copiedLengthMax
    if (length > 0 && (isLong || length + bytes.length > pieceLength)) {
      yield concatBytes(short)
      short = []
      length = 0
    }
    if (isLong) {
      for (let at = 0; at < bytes.length; at += pieceLength) {
        yield bytes.subarray(at, at + pieceLength)
      }
    } else {
      short.push(bytes)
      length += bytes.length
    }
  }
  if (length > 0) yield concatBytes(short)
}
