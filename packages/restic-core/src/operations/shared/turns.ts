import type { Cancellable } from '../../base/cancel.ts'
import { nextTurn } from '../../base/timer.ts'

const turnMsDefault = 50

/**
 * Lets the event loop run now and then in a long row of synchronous calls, so that an abort is
 * heard and requests go on.
 */
export class Turns {
  readonly #signal: AbortSignal | undefined
  readonly #turnMs: number
  #ends: number

  /** @param options.turnMs how long the calls may hold the thread in between */
  constructor({ signal, turnMs = turnMsDefault }: Cancellable & { readonly turnMs?: number }) {
    this.#signal = signal
    this.#turnMs = turnMs
    this.#ends = performance.now() + turnMs
  }

  /** Whether it is time to pause: asking is cheap, and a promise for each of many calls is not. */
  get isOver(): boolean {
    return performance.now() >= this.#ends
  }

  /** Resolves at once most of the time. Rejects when the signal has been aborted. */
  async pause(): Promise<void> {
    if (!this.isOver) return
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#ends = performance.now() + this.#turnMs
  }
}
