import { totalLength } from '../base/bytes.ts'
import type { Cancellable, Observed } from '../base/cancel.ts'
import type { Clock } from '../base/clock.ts'
import { isResticError, type BackendError } from '../base/errors.ts'
import { systemTimer } from '../base/timer.ts'
import type { Backend, BackendLayer, FileHandle, FileInfo, NamedFileType } from './backend.ts'
import { pathOf } from './layout.ts'
import { overriding, type BackendRequest } from './request.ts'
import { writeAgain } from './write-again.ts'

export type RetryEvent =
  | {
      readonly type: 'retry'
      readonly request: BackendRequest
      /** the attempt that failed, from 1 */
      readonly attempt: number
      readonly delayMs: number
      readonly error: BackendError
    }
  /** The request succeeded after all. */
  | { readonly type: 'recovered'; readonly request: BackendRequest; readonly retries: number }

export interface RetryOptions extends Observed<RetryEvent> {
  /** Retries end when a request has taken this long; one is always made. Default: 15 minutes. */
  readonly totalMs?: number | undefined
  /** Resolves after `ms`, or rejects with `signal.reason`. Default: a timer. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

/** What the layer needs of the world; a `Runtime` has it. */
export interface RetryWorld {
  readonly clock: Pick<Clock, 'nowNs'>
  random(length: number): Uint8Array
}

const firstDelayMs = 1000
const delayMaxMs = 60_000
const totalMsDefault = 15 * 60_000
/** How long a file whose read ran out of retries is not asked for again. restic's figure. */
const hopelessMs = 60 * 60_000

/**
 * Repeats what failed and is not permanent, with growing pauses: 1 s, doubled each time up to 60 s,
 * each ±50 %. Order of layers: cache(retry(limit(store))), so that waiting holds no connection.
 *
 * It never deletes. An upload whose answer got lost may have arrived, and the server may still hold
 * a half of it, so a second attempt looks first, and what was there already is a success when it is
 * ours: the same length under a name that is the hash, the same content for the config.
 */
export function retry(world: RetryWorld, options: RetryOptions = {}): BackendLayer {
  return (inner) => {
    const attempts = retrier(world, options)
    const hopeless = new HopelessFiles(world)
    return overriding(inner, {
      create: (call) => attempts({ operation: 'create' }, () => inner.create(call), call),
      stat: (file, call) =>
        attempts({ operation: 'stat', file }, () => inner.stat(file, call), call),
      list: (type, call) => listAgain(inner, attempts, type, call),
      read(file, call) {
        const request = { operation: 'read', file, range: call?.range } as const
        return hopeless.guard(file, () => attempts(request, () => inner.read(file, call), call))
      },
      write(file, body, call) {
        const request = { operation: 'write', file, size: totalLength(body) } as const
        const first = (): Promise<void> => inner.write(file, body, call)
        const later = (): Promise<void> => writeAgain(inner, file, body, call)
        return attempts(request, (attempt) => (attempt === 1 ? first() : later()), call)
      },
      remove(file, call) {
        const first = (): Promise<void> => inner.remove(file, call)
        const later = (): Promise<void> => removeAgain(inner, file, call)
        const request = { operation: 'remove', file } as const
        return attempts(request, (attempt) => (attempt === 1 ? first() : later()), call)
      },
    })
  }
}

type Attempts = <T>(
  request: BackendRequest,
  run: (attempt: number) => Promise<T>,
  options: Cancellable | undefined,
) => Promise<T>

function retrier(world: RetryWorld, options: RetryOptions): Attempts {
  const { totalMs = totalMsDefault, wait = sleep, onEvent } = options
  return async (request, run, { signal } = {}) => {
    const startMs = nowMs(world)
    let pauseMs = firstDelayMs
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await run(attempt)
        if (attempt > 1) onEvent?.({ type: 'recovered', request, retries: attempt - 1 })
        return result
      } catch (error) {
        signal?.throwIfAborted()
        if (!isTransient(error)) throw error
        const delayMs = pauseMs * (0.5 + fraction(world.random(4)))
        if (attempt > 1 && nowMs(world) + delayMs - startMs > totalMs) throw error
        onEvent?.({ type: 'retry', request, attempt, delayMs, error })
        await wait(delayMs, signal)
        pauseMs = Math.min(2 * pauseMs, delayMaxMs)
      }
    }
  }
}

function isTransient(error: unknown): error is BackendError {
  return isResticError(error, 'BACKEND') && !error.permanent
}

/** Four random bytes as a number in [0, 1). */
function fraction(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) / 2 ** 32
}

/** A listing that broke begins again, and leaves out what was told before. */
async function* listAgain(
  inner: Backend,
  attempts: Attempts,
  type: NamedFileType,
  call: Cancellable | undefined,
): AsyncGenerator<FileInfo> {
  const seen = new Set<string>()
  const begin = (): AsyncIterator<FileInfo> => inner.list(type, call)[Symbol.asyncIterator]()
  let entries = begin()
  const next = (attempt: number): Promise<FileInfo | undefined> => {
    // An iterator that threw has ended.
    if (attempt > 1) entries = begin()
    return nextUnseen(entries, seen)
  }
  try {
    for (;;) {
      const info = await attempts({ operation: 'list', type }, next, call)
      if (!info) return
      yield info
    }
  } finally {
    await entries.return?.()
  }
}

async function nextUnseen(
  entries: AsyncIterator<FileInfo>,
  seen: Set<string>,
): Promise<FileInfo | undefined> {
  for (;;) {
    const next = await entries.next()
    if (next.done === true) return undefined
    if (seen.has(next.value.name)) continue
    seen.add(next.value.name)
    return next.value
  }
}

/** The first attempt may have worked although its answer got lost. */
async function removeAgain(
  inner: Backend,
  file: FileHandle,
  call: Cancellable | undefined,
): Promise<void> {
  try {
    await inner.remove(file, call)
  } catch (error) {
    if (!isResticError(error, 'BACKEND') || error.reason !== 'not-found') throw error
  }
}

/** Files whose read ran out of retries fail at once for a while, so that a job ends in our time. */
class HopelessFiles {
  readonly #world: RetryWorld
  readonly #failures = new Map<string, { readonly untilMs: number; readonly error: BackendError }>()

  constructor(world: RetryWorld) {
    this.#world = world
  }

  async guard<T>(file: FileHandle, read: () => Promise<T>): Promise<T> {
    const key = pathOf(file)
    const failure = this.#failures.get(key)
    if (failure && nowMs(this.#world) < failure.untilMs) throw failure.error
    try {
      return await read()
    } catch (error) {
      if (isTransient(error)) {
        this.#failures.set(key, { untilMs: nowMs(this.#world) + hopelessMs, error })
      }
      throw error
    }
  }
}

function nowMs({ clock }: RetryWorld): number {
  return Number(clock.nowNs() / 1_000_000n)
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return systemTimer.sleep(ms, { signal })
}
