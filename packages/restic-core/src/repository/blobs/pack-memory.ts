import { releaseOwned } from '../../base/release.ts'

/**
 * Memory for packs, used again as soon as one is done with. New memory for each would have to be
 * cleared by the system, and keeps the collector busy, which counts it although nothing in it is
 * an object.
 */
export class PackMemory implements Disposable {
  readonly #length: number
  readonly #free: Uint8Array<ArrayBuffer>[] = []
  #isDisposed = false

  /** @param length bytes; what a pack does not fill of it costs nothing */
  constructor(length: number) {
    this.#length = length
  }

  /** At least `length` bytes, alone in their buffer, with anything in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const known = length <= this.#length ? this.#free.pop() : undefined
    return known ?? new Uint8Array(Math.max(length, this.#length))
  }

  /** Takes the whole buffer. Nobody may use the bytes afterwards. */
  give(memory: Uint8Array<ArrayBuffer>): void {
    if (this.#isDisposed || memory.length !== this.#length) releaseOwned(memory)
    else this.#free.push(memory)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const memory of this.#free.splice(0)) releaseOwned(memory)
  }
}
