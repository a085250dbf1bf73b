import {
  type CheckEvent,
  type CheckOptions,
  type Finding,
  type Repository,
  check,
} from 'restic-core'

/**
 * A check that begins while the lock is waited for, and goes as far as its first finding. It only
 * reads, and tells nothing before it is known that the lock is held.
 */
export class EarlyCheck {
  readonly #options: Omit<CheckOptions, 'signal'>
  #begun: BegunCheck | undefined

  constructor(options: Omit<CheckOptions, 'signal'>) {
    this.#options = options
  }

  /** @param attempt at the lock; when it aborts, what was read does not count */
  begin(repository: Repository, attempt: AbortSignal): void {
    const begun = new BegunCheck(repository, this.#options)
    this.#begun = begun
    attempt.addEventListener('abort', () => {
      this.#begun = undefined
      begun.stop(attempt.reason)
    })
  }

  /** Goes on with what was begun for the lock that is held, or begins. */
  findings(repository: Repository, signal: AbortSignal): AsyncGenerator<Finding, void> {
    const begun = this.#begun ?? new BegunCheck(repository, this.#options)
    return begun.findings(signal)
  }
}

class BegunCheck {
  readonly #onEvent: CheckOptions['onEvent']
  readonly #findings: AsyncGenerator<Finding, void>
  readonly #first: Promise<IteratorResult<Finding, void>>
  readonly #stop = new AbortController()
  /** Until they may be told. */
  #held: CheckEvent[] | undefined = []

  constructor(repository: Repository, options: Omit<CheckOptions, 'signal'>) {
    this.#onEvent = options.onEvent
    this.#findings = check(repository, {
      ...options,
      onEvent: (event) => this.#told(event),
      signal: this.#stop.signal,
    })
    this.#first = this.#findings.next()
    // Whoever takes the findings hears of it; nobody may.
    this.#first.catch(() => undefined)
  }

  stop(reason: unknown): void {
    this.#stop.abort(reason)
  }

  async *findings(signal: AbortSignal): AsyncGenerator<Finding, void> {
    const onAbort = (): void => this.stop(signal.reason)
    signal.addEventListener('abort', onAbort)
    try {
      signal.throwIfAborted()
      for (const event of this.#held ?? []) this.#onEvent?.(event)
      this.#held = undefined
      for (let next = await this.#first; next.done !== true; next = await this.#findings.next()) {
        yield next.value
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.stop(undefined)
      await this.#findings.return()
    }
  }

  #told(event: CheckEvent): void {
    if (this.#held) this.#held.push(event)
    else this.#onEvent?.(event)
  }
}
