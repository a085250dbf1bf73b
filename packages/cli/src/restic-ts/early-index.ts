import type { IndexedRepository, Repository } from 'restic-core'

/** An index that begins to load before it is known whether it may be used. */
export class EarlyIndex {
  readonly #repository: Repository
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #loading: Promise<IndexedRepository> | undefined
  /** All that was begun, with whatever came of it. */
  #running: Promise<unknown> = Promise.resolve()

  constructor(repository: Repository, signal: AbortSignal) {
    this.#repository = repository
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
  }

  /** @param attempt at the lock; when it aborts, what was loaded is out of date, and forgotten */
  load(attempt: AbortSignal): void {
    void this.#begin(AbortSignal.any([this.#signal, attempt]))
    attempt.addEventListener('abort', () => (this.#loading = undefined), { once: true })
  }

  /** What was loaded for the lock that is held, or is loaded now. */
  take(): Promise<IndexedRepository> {
    return this.#loading ?? this.#begin(this.#signal)
  }

  async stop(reason: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#running
  }

  #begin(signal: AbortSignal): Promise<IndexedRepository> {
    const loading = this.#repository.loadIndex({ signal })
    this.#loading = loading
    // Whoever takes the index hears of its failure; nobody may.
    this.#running = Promise.allSettled([this.#running, loading])
    return loading
  }
}
