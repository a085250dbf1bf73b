import {
  type CheckEvent,
  type CheckOptions,
  type Finding,
  type Repository,
  check,
} from 'restic-core'
import type { EarlyWork } from '../open.ts'

/**
 * A check that begins while the lock is waited for, usually a fifth of a second, and goes as far as
 * its first finding. It tells nothing before it is known that the lock is held.
 */
export class EarlyCheck implements EarlyWork {
  readonly #options: Omit<CheckOptions, 'signal'>
  #begun: BegunCheck | undefined
  /** Those that were refused, until they have come to their end. */
  #ending: Promise<unknown> = Promise.resolve()

  constructor(options: Omit<CheckOptions, 'signal'>) {
    this.#options = options
  }

  begin(repository: Repository, attempt: AbortSignal): void {
    this.#begun = new BegunCheck(repository, this.#options)
    attempt.addEventListener('abort', () => void this.stop(attempt.reason), { once: true })
  }

  async stop(reason: unknown): Promise<void> {
    this.#ending = Promise.all([this.#ending, this.#begun?.end(reason)])
    this.#begun = undefined
    await this.#ending
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
    // Whoever takes the findings hears of it; perhaps nobody does.
    this.#first.catch(() => undefined)
  }

  /** Resolves when nothing of it is left. */
  async end(reason?: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#findings.return().catch(() => undefined)
  }

  async *findings(signal: AbortSignal): AsyncGenerator<Finding, void> {
    const onAbort = (): void => this.#stop.abort(signal.reason)
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
      await this.end()
    }
  }

  #told(event: CheckEvent): void {
    if (this.#held) this.#held.push(event)
    else this.#onEvent?.(event)
  }
}
