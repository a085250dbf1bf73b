import { MiB } from '../../base/bytes.ts'
import { releaseOwned } from '../../base/release.ts'

const newLengthMin: number = MiB

/**
 * Memory for packs, used again as soon as one is done with. New memory for each would have to be
 * cleared by the system, and keeps the collector busy, which counts it although nothing in it is
 * an object.
 */
export class PackMemory<Backing extends ArrayBufferLike = ArrayBuffer> implements Disposable {
  readonly #length: number
  readonly #allocate: (length: number) => Backing
  readonly #free: Uint8Array<Backing>[] = []
  #isDisposed = false

  /** @param length bytes that a pack may need */
  constructor(length: number, allocate: (length: number) => Backing) {
    this.#length = length
    this.#allocate = allocate
  }

  /**
   * At least `length` bytes, alone in their buffer, with anything in them. Of a few lengths, so that
   * it serves again; the shortest is far from the longest, for V8 counts all of it, and may clear it:
   * one small pack shall not cost what a large one does.
   */
  take(length: number): Uint8Array<Backing> {
    const at = this.#free.findIndex((memory) => memory.length >= length)
    const [known] = at < 0 ? [] : this.#free.splice(at, 1)
    if (known !== undefined) return known
    const kept = [newLengthMin, this.#length >> 2, this.#length].find((each) => each >= length)
    return new Uint8Array(this.#allocate(kept ?? length))
  }

  /** Takes the whole buffer. Nobody may use the bytes afterwards. */
  give(memory: Uint8Array<Backing>): void {
    if (this.#isDisposed || memory.length > this.#length) releaseOwned(memory)
    else this.#free.push(memory)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const memory of this.#free.splice(0)) releaseOwned(memory)
  }
}
