/**
 * Memory for the bytes of parts. It goes to the receiver with a part and comes back when that is
 * done with it, so any number of parts need no more than `partsAheadMax` and one. (Memory that both
 * share would not have to travel, but V8 copies from and to that a byte at a time.)
 */
export class PartMemory {
  readonly #free: Uint8Array<ArrayBuffer>[] = []

  /** At least `length` bytes, with anything in them. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const known = this.#free.pop()
    // What is not used of it costs nothing: the system gives memory when it is written to.
    return known !== undefined && known.length >= length ? known : new Uint8Array(length)
  }

  give(memory: Uint8Array<ArrayBuffer>): void {
    this.#free.push(memory)
  }
}
