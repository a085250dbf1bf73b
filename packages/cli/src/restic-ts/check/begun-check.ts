import {
  type Begun,
  type CheckOptions,
  type Finding,
  HeldBack,
  type Repository,
  check,
  stopsWith,
} from 'restic-core'

/** A check that goes as far as its first finding before anybody asks for its findings. */
export class BegunCheck implements Begun {
  readonly #findings: AsyncGenerator<Finding, void>
  readonly #first: Promise<IteratorResult<Finding, void>>
  readonly #stop = new AbortController()
  readonly #events = new HeldBack()

  constructor(repository: Repository, options: Omit<CheckOptions, 'signal'>) {
    this.#findings = check(repository, {
      ...options,
      onEvent: (event) => this.#events.tell(() => options.onEvent?.(event)),
      signal: this.#stop.signal,
    })
    this.#first = this.#findings.next()
    // Whoever takes the findings hears of it; perhaps nobody does.
    this.#first.catch(() => undefined)
  }

  async end(reason?: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#findings.return().catch(() => undefined)
  }

  /** @param signal aborts when the lock is lost */
  async *findings(signal: AbortSignal): AsyncGenerator<Finding, void> {
    using _stopping = stopsWith(this.#stop, signal)
    try {
      signal.throwIfAborted()
      this.#events.release()
      for (let next = await this.#first; next.done !== true; next = await this.#findings.next()) {
        yield next.value
      }
    } finally {
      await this.end()
    }
  }
}
