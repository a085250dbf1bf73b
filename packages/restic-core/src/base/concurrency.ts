import type { Cancellable } from './cancel.ts'

/**
 * Runs `work` over `items`, at most `limit` at once. The first failure aborts the signal that the
 * others were given, waits for them to end, and is thrown.
 */
export async function eachLimited<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
  options: Cancellable = {},
): Promise<void> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    stop.abort(error)
  }
  try {
    for await (const item of items) {
      signal.throwIfAborted()
      const run: Promise<void> = work(item, signal)
        .catch(fail)
        .finally(() => running.delete(run))
      running.add(run)
      if (running.size >= limit) await Promise.race(running)
    }
    signal.throwIfAborted()
  } catch (error) {
    fail(error)
  }
  await Promise.all(running)
  if (failure) throw failure.error
}

/**
 * Counts a resource, for instance bytes in flight. `take` waits until the amount fits, in order of
 * arrival; an amount over the capacity fits when nothing else is taken.
 */
export class Budget {
  readonly capacity: number
  #used = 0
  readonly #waiting: {
    readonly amount: number
    readonly grant: () => void
  }[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get used(): number {
    return this.#used
  }

  async take(amount: number, options: Cancellable = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (this.#waiting.length === 0 && this.#fits(amount)) {
      this.#used += amount
      return
    }
    await new Promise<void>((resolve, reject) => {
      const entry = {
        amount,
        grant: () => {
          options.signal?.removeEventListener('abort', abandon)
          resolve()
        },
      }
      const abandon = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(options.signal?.reason as Error)
        this.#serve()
      }
      options.signal?.addEventListener('abort', abandon, { once: true })
      this.#waiting.push(entry)
    })
  }

  give(amount: number): void {
    this.#used -= amount
    this.#serve()
  }

  #fits(amount: number): boolean {
    return this.#used === 0 || this.#used + amount <= this.capacity
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.amount); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#used += next.amount
      next.grant()
    }
  }
}
