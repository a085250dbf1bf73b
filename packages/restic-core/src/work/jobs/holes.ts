import type { WritableFile } from '../files.ts'

/** File systems keep holes in whole blocks, mostly of this size. */
const blockSize = 4096

/** Writes what is not zero. The file must be new there and long enough: its holes read as zeros. */
export function writeWithHoles(file: WritableFile, bytes: Uint8Array, position: number): void {
  let dataFrom = 0
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + blockSize - ((position + at) % blockSize))
    if (isZero(bytes, at, end)) {
      if (dataFrom < at) file.write(bytes.subarray(dataFrom, at), position + dataFrom)
      dataFrom = end
    }
    at = end
  }
  if (dataFrom < bytes.length) file.write(bytes.subarray(dataFrom), position + dataFrom)
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
