export interface Cancellable {
  /** Rejects with `signal.reason`, unwrapped, at the next await. */
  readonly signal?: AbortSignal | undefined
}

export interface Observed<Event> {
  /** Called synchronously, in order. Must not block; what it throws is a bug, not a failed operation. */
  readonly onEvent?: ((event: Event) => void) | undefined
}

/** One signal that aborts with the first of `signals`; undefined when there is none. */
export function anySignal(
  ...signals: readonly (AbortSignal | undefined)[]
): AbortSignal | undefined {
  const present = signals.filter((signal) => signal !== undefined)
  return present.length > 1 ? AbortSignal.any(present) : present[0]
}

/** As `promise` settles, or rejects with `signal.reason` before that. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const abandon = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abandon, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
  })
}
