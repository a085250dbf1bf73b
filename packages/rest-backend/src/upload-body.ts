import { totalLength } from 'restic-core/backend'
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
  const length = totalLength(body)
  return { length, pieces: () => piecesOf(body, Math.min(length, pieceLength)) }
}

function* piecesOf(body: readonly Uint8Array[], room: number): Generator<Uint8Array> {
  let gathered = new Uint8Array(0)
  let filled = 0
  for (const bytes of body) {
    if (filled > 0 && (bytes.length > copiedLengthMax || bytes.length > gathered.length - filled)) {
      yield gathered.subarray(0, filled)
      // A piece that was given away belongs to the socket until it is sent.
      gathered = gathered.subarray(filled)
      filled = 0
    }
    if (bytes.length > copiedLengthMax) {
      for (let at = 0; at < bytes.length; at += pieceLength) {
        yield bytes.subarray(at, at + pieceLength)
      }
    } else {
      if (bytes.length > gathered.length) gathered = new Uint8Array(room)
      gathered.set(bytes, filled)
      filled += bytes.length
    }
  }
  if (filled > 0) yield gathered.subarray(0, filled)
}
