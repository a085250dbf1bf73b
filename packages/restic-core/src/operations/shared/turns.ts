import type { Cancellable } from '../../base/cancel.ts'

const turnMs = 50

/**
 * Lets the event loop run now and then in a long row of synchronous calls, so that an abort is
 * heard and requests go on.
 */
export class Turns {
  readonly #signal: AbortSignal | undefined
  #ends = performance.now() + turnMs

  constructor({ signal }: Cancellable) {
    this.#signal = signal
  }

  /** Resolves at once most of the time. Rejects when the signal has been aborted. */
  async pause(): Promise<void> {
    if (performance.now() < this.#ends) return
    await new Promise((resolve) => {
      setTimeout(resolve, 0)
    })
    this.#signal?.throwIfAborted()
    this.#ends = performance.now() + turnMs
  }
}
