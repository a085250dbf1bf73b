import type { IndexedRepository, Repository } from '../../repository/api.ts'

/** What work may look at before it is known whether the lock is held. */
export interface EarlyView {
  readonly repository: Repository
  indexed(): Promise<IndexedRepository>
}

/** Work that was begun. */
export interface Begun {
  /** Resolves when nothing of it is left. */
  end(reason: unknown): Promise<void>
}

/**
 * Work that begins while the lock is waited for, usually a fifth of a second. Until the lock is known
 * to be held it writes nothing and tells nothing; when it was refused, the work begins anew.
 */
export class EarlyWork<Work extends Begun, View = EarlyView> {
  readonly #start: (view: View) => Work
  #begun: Work | undefined
  /** Those whose lock was refused, until they have come to their end. */
  #ending: Promise<unknown> = Promise.resolve()

  constructor(start: (view: View) => Work) {
    this.#start = start
  }

  /** @param attempt at the lock; when it aborts, nothing of what was done counts */
  begin(view: View, attempt: AbortSignal): void {
    this.#begun = this.#start(view)
    attempt.addEventListener('abort', () => void this.stop(attempt.reason), { once: true })
  }

  /** What was begun for the lock that is held, or is begun now. */
  take(view: View): Work {
    return this.#begun ?? this.#start(view)
  }

  /** Resolves when nothing of it is left. */
  async stop(reason: unknown): Promise<void> {
    this.#ending = Promise.all([this.#ending, this.#begun?.end(reason)])
    this.#begun = undefined
    await this.#ending
  }
}

/** Lets `stop` abort with `signal`, until it is disposed. */
export function stopsWith(stop: AbortController, signal: AbortSignal): Disposable {
  const onAbort = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) }
}

/** What is told late, in the order in which it came about. */
export class HeldBack {
  #held: (() => void)[] | undefined = []

  tell(how: () => void): void {
    if (this.#held) this.#held.push(how)
    else how()
  }

  /** From now on everything is told at once. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const how of held) how()
  }
}

/** What work is given that may have begun before the lock is held. */
export interface EarlyRun {
  readonly signal: AbortSignal
  /** Resolves when the lock is held; rejects when nobody will want the result. */
  readonly mayWrite: Promise<void>
  /** Tells somebody something, now or when the lock is held. */
  readonly tell: (how: () => void) => void
}

/** Work that goes as far as it can without writing, until somebody asks for its result. */
export class BegunRun<Result> implements Begun {
  readonly #stop = new AbortController()
  readonly #told = new HeldBack()
  #letWrite: () => void = () => undefined
  readonly #running: Promise<Result>

  constructor(run: (early: EarlyRun) => Promise<Result>) {
    const { signal } = this.#stop
    const mayWrite = new Promise<void>((resolve, reject) => {
      this.#letWrite = resolve
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    mayWrite.catch(() => undefined)
    this.#running = run({ signal, mayWrite, tell: (how) => this.#told.tell(how) })
    // Whoever takes the result hears of it; perhaps nobody does.
    this.#running.catch(() => undefined)
  }

  async end(reason: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#running.catch(() => undefined)
  }

  /** @param signal aborts when the lock is lost */
  async result(signal: AbortSignal): Promise<Result> {
    using _stopping = stopsWith(this.#stop, signal)
    try {
      signal.throwIfAborted()
      this.#told.release()
      this.#letWrite()
      return await this.#running
    } finally {
      await this.end(undefined)
    }
  }
}
