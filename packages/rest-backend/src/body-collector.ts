import { copyBytes } from './copy-bytes.ts'

/** A part of a body, bytes. */
export interface BodySlice {
  readonly offset: number
  readonly length: number
}

/** Enough to tell what a body is, bytes. */
export const startLength = 64

/** The answer is longer than it may be. */
export class TooLongError extends Error {}

/** Puts the chunks of a body, or of a slice of it, together. */
export class BodyCollector {
  readonly #lengthMax: number
  #buffer: Uint8Array
  #filled = 0
  /** Bytes still to drop before the slice. */
  #skip: number
  /** Bytes still to keep. */
  #room: number
  #start: Uint8Array | undefined

  /**
   * @param declared the length the server announced, if it did
   * @param into used when it is long enough for the announced length
   * @throws TooLongError when that is over `lengthMax`
   */
  constructor(
    declared: number | undefined,
    slice: BodySlice | undefined,
    lengthMax: number,
    into?: Uint8Array,
  ) {
    const wanted = slice?.length ?? declared
    if (wanted !== undefined && wanted > lengthMax) throw new TooLongError(tooLong(lengthMax))
    this.#lengthMax = lengthMax
    this.#skip = slice?.offset ?? 0
    this.#room = slice?.length ?? Number.POSITIVE_INFINITY
    const length = Math.min(wanted ?? 0, declared ?? Number.POSITIVE_INFINITY)
    const fits = into !== undefined && declared !== undefined && length <= into.length
    this.#buffer = fits ? into.subarray(0, length) : new Uint8Array(length)
  }

  /** The first bytes of the body, also when the slice begins later: enough to tell what it is. */
  get start(): Uint8Array {
    return this.#start ?? new Uint8Array()
  }

  /** `enough` when nothing more is wanted although more may come. @throws TooLongError */
  add(chunk: Uint8Array): 'more' | 'enough' {
    this.#start ??= chunk.slice(0, startLength)
    const dropped = Math.min(this.#skip, chunk.length)
    this.#skip -= dropped
    const taken = chunk.subarray(dropped, Math.min(chunk.length, dropped + this.#room))
    this.#reserve(taken.length)
    this.#append(taken)
    this.#room -= taken.length
    return this.#room === 0 ? 'enough' : 'more'
  }

  finish(): Uint8Array {
    return this.#filled === this.#buffer.length
      ? this.#buffer
      : this.#buffer.subarray(0, this.#filled)
  }

  #append(bytes: Uint8Array): void {
    copyBytes(this.#buffer, bytes, this.#filled)
    this.#filled += bytes.length
  }

  #reserve(more: number): void {
    const needed = this.#filled + more
    if (needed <= this.#buffer.length) return
    if (needed > this.#lengthMax) throw new TooLongError(tooLong(this.#lengthMax))
    const grown = new Uint8Array(
      Math.min(this.#lengthMax, Math.max(needed, 2 * this.#filled, 4096)),
    )
    grown.set(this.#buffer.subarray(0, this.#filled))
    this.#buffer = grown
  }
}

function tooLong(lengthMax: number): string {
  return `the answer is longer than ${lengthMax} bytes`
}
