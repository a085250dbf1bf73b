import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, toHex } from '../base/bytes.ts'
import type { FileHandle, NamedFileType } from '../backend/backend.ts'

/** A file as stores keep them: its name is the hash of its content, so servers that check accept it. */
export interface SampleFile {
  readonly file: FileHandle & { readonly name: string }
  readonly body: readonly Uint8Array[]
  readonly content: Uint8Array
}

export function sampleFile(type: NamedFileType, body: readonly Uint8Array[]): SampleFile {
  const content = concatBytes(body)
  return { file: { type, name: toHex(sha256(content)) }, body, content }
}

/** Bytes that do not compress and are the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const next = pseudoRandom(seed)
  for (let at = 0; at < length; at++) bytes[at] = next() >>> 24
  return bytes
}

/** Whole numbers in [0, 2^32), the same for the same seed: Marsaglia's xorshift32. */
export function pseudoRandom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** The same bytes as a list of arrays of uneven lengths, some empty, that share one buffer. */
export function inPieces(bytes: Uint8Array, seed: number, lengthMax: number): Uint8Array[] {
  const next = pseudoRandom(seed)
  const pieces: Uint8Array[] = [bytes.subarray(0, 0)]
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + (next() % lengthMax))
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}
