import { releaseOwned } from '../base/release.ts'

/**
 * Memory for the bytes of parts. It goes to the receiver with a part and comes back when that is
 * done with it, so any number of parts need no more than `partsAheadMax` and one. (Memory that both
 * share would not have to travel, but V8 copies from and to that a byte at a time.)
 */
export class PartMemory {
  readonly #free: Uint8Array<ArrayBuffer>[] = []

  /** At least `length` bytes, with anything in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#free.findIndex((memory) => memory.length >= length)
    const [known] = at < 0 ? [] : this.#free.splice(at, 1)
    if (known !== undefined) return known
    // The longer one takes the place of one that was too short.
    const short = this.#free.pop()
    if (short !== undefined) releaseOwned(short)
    // What is not used of it costs nothing: the system gives memory when it is written to.
    return new Uint8Array(length)
  }

  give(memory: Uint8Array<ArrayBuffer>): void {
    this.#free.push(memory)
  }
}
