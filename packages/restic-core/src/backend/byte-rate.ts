/** Bytes per second that a store may send and receive. */
export interface RateLimits {
  readonly uploadBytesPerSecond?: number | undefined
  readonly downloadBytesPerSecond?: number | undefined
}

/** How much may pass before anybody waits, as a time at full rate. restic's figure. */
const burstMs = 1000
/** Pieces take about this share of a second, so that several requests go on side by side. */
const piecesPerSecond = 8
const pieceLengthMin = 1024

/**
 * A rate that several transfers share. Each tells what it moves, and waits as long as it is told:
 * debts add up, so whoever comes later waits longer, and the sum keeps to the rate.
 */
export class ByteRate {
  /** What to move at once, bytes. */
  readonly pieceLength: number
  readonly #bytesPerSecond: number
  readonly #nowMs: () => number
  /** When all that was moved so far is paid for. */
  #paidMs = Number.NEGATIVE_INFINITY

  /** @param nowMs a clock that never goes back, as `performance.now` */
  constructor(bytesPerSecond: number, nowMs: () => number) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`a rate of ${bytesPerSecond} bytes per second`)
    this.#bytesPerSecond = bytesPerSecond
    this.#nowMs = nowMs
    this.pieceLength = Math.max(pieceLengthMin, Math.floor(bytesPerSecond / piecesPerSecond))
  }

  /** How long to wait for `length` bytes, milliseconds; 0 while nobody has to. */
  spend(length: number): number {
    const nowMs = this.#nowMs()
    const costMs = (length / this.#bytesPerSecond) * 1000
    this.#paidMs = Math.max(this.#paidMs, nowMs - burstMs) + costMs
    return Math.max(0, this.#paidMs - nowMs)
  }
}

/** Both directions of one store; those without a limit are undefined. */
export interface ByteRates {
  readonly upload: ByteRate | undefined
  readonly download: ByteRate | undefined
}

export function byteRates(limits: RateLimits | undefined, nowMs: () => number): ByteRates {
  const rate = (bytesPerSecond: number | undefined): ByteRate | undefined =>
    bytesPerSecond === undefined ? undefined : new ByteRate(bytesPerSecond, nowMs)
  return {
    upload: rate(limits?.uploadBytesPerSecond),
    download: rate(limits?.downloadBytesPerSecond),
  }
}
