/**
 * Pure synchronous compute, the same on every platform. What it returns has a buffer of its own,
 * which the caller may release (base/release.ts), unless the caller said where it goes. Parallelism
 * is the pool's business, never the kernel's. Two kernels exist, Node's and the portable one; one
 * test suite runs on both.
 */
export interface Kernel {
  readonly name: string

  sha256(data: Uint8Array): Uint8Array
  /** For data that comes in pieces, such as the blobs of a pack. */
  sha256Stream(): Hasher

  /**
   * AES-256 in counter mode; enciphering and deciphering are the same.
   *
   * @param key 32 bytes, which stay as they are as long as the array is in use
   * @param iv 16 bytes: the first counter block, incremented as one 128-bit big-endian number
   * @param into where the result goes, as long as `data` and not the same memory; new memory if left out
   */
  aesCtr(key: Uint8Array, iv: Uint8Array, data: Uint8Array, into?: Uint8Array): Uint8Array

  /**
   * One block of AES-128, for the Poly1305-AES nonce.
   *
   * @param key 16 bytes, as for `aesCtr`
   * @param block 16 bytes
   */
  aesBlock(key: Uint8Array, block: Uint8Array): Uint8Array

  /**
   * @param oneTimeKey 32 bytes, `r` then `s`; `r` need not be clamped
   * @returns the tag, 16 bytes
   */
  poly1305(oneTimeKey: Uint8Array, data: Uint8Array): Uint8Array

  scrypt(password: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Uint8Array

  /**
   * The costly part of scrypt, ROMix, for some of its blocks: it is the same for each of the p blocks
   * and they know nothing of each other, so threads can share them.
   *
   * @param blocks 128 · r bytes each; the results take their place
   */
  scryptMix(blocks: Uint8Array, cost: Pick<ScryptCost, 'N' | 'r'>): void

  /**
   * One zstd frame that carries its content size, without checksum.
   *
   * @param into where the frame goes if there is room for any of that content; new memory otherwise
   */
  compress(data: Uint8Array, level: number, into?: Uint8Array): Uint8Array

  /**
   * Every frame in `data`, one after the other, as restic's decoder does.
   *
   * @param lengthMax more plaintext than this is an error, so that a small frame cannot fill memory
   * @param into where the plaintext goes if it fits; new memory otherwise
   * @throws RangeError when the plaintext is longer than `lengthMax`, Error when `data` is no zstd
   */
  decompress(data: Uint8Array, lengthMax: number, into?: Uint8Array): Uint8Array

  /** @param polynomial irreducible, of degree 53 */
  chunker(polynomial: bigint): Chunker

  /**
   * Memory that `chunker` and `poly1305` read without a copy. At least `length` bytes, valid until
   * the next call of `scratch`; each kernel has one.
   */
  scratch(length: number): Uint8Array

  /** Memory for what is needed for a moment, valid until the next call of `workspace`. */
  workspace(length: number): Uint8Array
}

export interface Hasher {
  update(data: Uint8Array): void
  digest(): Uint8Array
}

/** scrypt's N (a power of two), r and p. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

export const chunkLengthMin = 524_288
export const chunkLengthMax = 8_388_608

/** Cuts a stream at the places restic cuts it. Nothing carries over from one chunk to the next. */
export interface Chunker {
  /**
   * The length of the chunk that starts at `start`: 524,288 to 8,388,608 bytes, or 0 when there is
   * no cut before `end`. So `end - start >= chunkLengthMax` always gives a cut; at the end of the
   * input the remainder is the last chunk.
   */
  cut(data: Uint8Array, start: number, end: number): number
}
