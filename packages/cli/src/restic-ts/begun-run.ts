import { type Begun, HeldBack, stopsWith } from './early-work.ts'

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

/** As many as are held while they may not be told. */
const heldMax = 30_000

/** Tells one after the other what `events` gives, and reads ahead while it may not yet. */
export async function tellInTurn<Event>(
  events: AsyncIterable<Event>,
  mayTell: Promise<void>,
  tell: (event: Event) => void | Promise<void>,
): Promise<void> {
  const held: Event[] = []
  const tellHeld = async (): Promise<void> => {
    for (const event of held.splice(0)) await tell(event)
  }
  let isAllowed = false
  mayTell.then(
    () => (isAllowed = true),
    () => undefined,
  )
  for await (const event of events) {
    held.push(event)
    if (held.length === heldMax) await mayTell
    if (isAllowed) await tellHeld()
  }
  await mayTell
  await tellHeld()
}
