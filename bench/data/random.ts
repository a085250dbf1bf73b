import { type Cipheriv, createCipheriv, createHash } from 'node:crypto'

/** A stream of bytes that looks random and is the same for the same seed: AES-128-CTR. */
export class Random {
  readonly #cipher: Cipheriv
  #words: DataView = new DataView(new ArrayBuffer(0))
  #at = 0

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest()
    this.#cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  }

  bytes(length: number): Buffer {
    return this.#cipher.update(Buffer.alloc(length))
  }

  /** At least 0 and less than 1, with 32 random bits. */
  fraction(): number {
    if (this.#at === this.#words.byteLength) {
      const bytes = this.bytes(65_536)
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      this.#at = 0
    }
    const word = this.#words.getUint32(this.#at, true)
    this.#at += 4
    return word / 2 ** 32
  }

  /** A whole number, `least` or more and less than `limit`. */
  between(least: number, limit: number): number {
    return least + Math.floor(this.fraction() * (limit - least))
  }

  /** Many small numbers and few large ones around `mean`, as sizes of files are. At most 8 means. */
  exponential(mean: number): number {
    return Math.min(-Math.log(1 - this.fraction()), 8) * mean
  }
}
