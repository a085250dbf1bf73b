import type { Cancellable } from '../base/cancel.ts'

interface Run<T> {
  readonly result: Promise<T>
  readonly stop: AbortController
  users: number
}

/** Runs a task once for all who ask for the same key while it runs. It stops when the last has left. */
export class SharedRuns<T> {
  readonly #running = new Map<string, Run<T>>()

  async run(
    key: string,
    { signal }: Cancellable,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    const run = this.#running.get(key) ?? this.#start(key, task)
    run.users++
    try {
      return await abortable(run.result, signal)
    } finally {
      run.users--
      if (run.users === 0) {
        this.#forget(key, run)
        run.stop.abort()
      }
    }
  }

  #start(key: string, task: (signal: AbortSignal) => Promise<T>): Run<T> {
    const stop = new AbortController()
    const result = task(stop.signal).finally(() => this.#forget(key, run))
    const run: Run<T> = { result, stop, users: 0 }
    this.#running.set(key, run)
    return run
  }

  #forget(key: string, run: Run<T>): void {
    if (this.#running.get(key) === run) this.#running.delete(key)
  }
}

/** Settles as `promise` does, or rejects with `signal.reason` before. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const abandon = (): void => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
  })
}
