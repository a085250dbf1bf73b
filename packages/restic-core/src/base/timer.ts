import type { Cancellable } from './cancel.ts'

/** Waiting, passed in so that tests need not wait. */
export interface Timer {
  /** Rejects with `signal.reason` as soon as the signal aborts. */
  sleep(ms: number, options?: Cancellable): Promise<void>
  /** Calls `tick` every `ms` until disposed. It does not keep the program running. */
  every(ms: number, tick: () => void): Disposable
}

export const systemTimer: Timer = {
  sleep(ms, { signal } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const abandon = (): void => {
        clearTimeout(timeout)
        reject(signal?.reason as Error)
      }
      const timeout = setTimeout(() => {
        signal?.removeEventListener('abort', abandon)
        resolve()
      }, ms)
      signal?.addEventListener('abort', abandon, { once: true })
    })
  },

  every(ms, tick) {
    const interval: unknown = setInterval(tick, ms)
    // Only Node's timers keep a program running; elsewhere an interval is a number.
    if (typeof interval === 'object') (interval as { unref?(): void }).unref?.()
    return { [Symbol.dispose]: () => clearInterval(interval as number) }
  },
}

/** Lets whatever else waits for this thread run, such as answers that have come. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}
