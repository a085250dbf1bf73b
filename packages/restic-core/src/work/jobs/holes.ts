import type { WritableFile } from '../files.ts'

/** File systems keep holes in whole blocks, mostly of this size. */
const blockSize = 4096

/** Writes what is not zero. The file must be new there and long enough: its holes read as zeros. */
export function writeWithHoles(file: WritableFile, bytes: Uint8Array, position: number): void {
  let from = 0
  while (from < bytes.length) {
    const start = nextBlock(bytes, from, (isZero) => !isZero)
    const end = nextBlock(bytes, start, (isZero) => isZero)
    if (start < end) file.write(bytes.subarray(start, end), position + start)
    from = end
  }
}

/** Where the first block begins that `wanted` takes, from `from` on; the end when there is none. */
function nextBlock(bytes: Uint8Array, from: number, wanted: (isZero: boolean) => boolean): number {
  for (let at = from; at < bytes.length; at += blockSize) {
    if (wanted(isZero(bytes, at, Math.min(at + blockSize, bytes.length)))) return at
  }
  return bytes.length
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
