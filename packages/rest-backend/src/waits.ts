interface Wait {
  /** A wait for a rate has one; a wait for the connection, which may be stuck, has none. */
  readonly timer?: NodeJS.Timeout
  readonly goOn: () => void
}

/** What the transfers of one request wait for: at most one wait in each direction. */
export class Waits {
  readonly #open = new Set<Wait>()
  readonly #onProgress: () => void

  /** @param onProgress called when a wait for a rate is over */
  constructor(onProgress: () => void) {
    this.#onProgress = onProgress
  }

  /** Whether a transfer keeps to its rate, which is not being stuck. */
  get isSlowed(): boolean {
    return [...this.#open].some(({ timer }) => timer !== undefined)
  }

  /** Calls `goOn` after `ms`, or when the request ends. */
  hold(goOn: () => void, ms: number): void {
    const timer = setTimeout(() => {
      this.#open.delete(wait)
      this.#onProgress()
      goOn()
    }, ms)
    const wait = { timer, goOn }
    this.#open.add(wait)
  }

  /** Resolves when `listen` calls back, or when the request ends. */
  until(listen: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const wait = { goOn: resolve }
      this.#open.add(wait)
      listen(() => {
        this.#open.delete(wait)
        resolve()
      })
    })
  }

  /** The request has ended: nothing waits any more. */
  end(): void {
    for (const { timer, goOn } of this.#open) {
      clearTimeout(timer)
      goOn()
    }
    this.#open.clear()
  }
}
