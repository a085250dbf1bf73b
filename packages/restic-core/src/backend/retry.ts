import { equalBytes, concatBytes, totalLength } from '../base/bytes.ts'
import type { Cancellable, Observed } from '../base/cancel.ts'
import type { Clock } from '../base/clock.ts'
import { BackendError, isResticError } from '../base/errors.ts'
import { fileLabel, type Backend, type BackendLayer, type FileHandle } from './backend.ts'
import { overriding, requestLabel, type BackendRequest } from './request.ts'

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
  readonly totalMs?: number
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
/** A file whose read ran out of retries fails at once for this long, so that a job ends in our time. */
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
    const hopeless = new Map<string, { readonly untilMs: number; readonly error: unknown }>()
    const nowMs = (): number => Number(world.clock.nowNs() / 1_000_000n)

    return overriding(inner, {
      create: (call) => attempts({ operation: 'create' }, () => inner.create(call), call),
      stat: (file, call) =>
        attempts({ operation: 'stat', file }, () => inner.stat(file, call), call),

      async *list(type, call) {
        const request = { operation: 'list', type } as const
        const seen = new Set<string>()
        let entries = inner.list(type, call)[Symbol.asyncIterator]()
        try {
          for (;;) {
            const next = await attempts(
              request,
              (attempt) => {
                // An iterator that threw has ended: the listing begins again, without what was told.
                if (attempt > 1) entries = inner.list(type, call)[Symbol.asyncIterator]()
                return nextUnseen(entries, seen)
              },
              call,
            )
            if (!next) return
            yield next
          }
        } finally {
          await entries.return?.()
        }
      },

      async read(file, call) {
        const label = file.type === 'config' ? 'config' : `${file.type}/${file.name}`
        const known = hopeless.get(label)
        if (known && known.untilMs > nowMs()) throw known.error
        try {
          return await attempts(
            { operation: 'read', file, range: call?.range },
            () => inner.read(file, call),
            call,
          )
        } catch (error) {
          if (isTransient(error)) hopeless.set(label, { untilMs: nowMs() + hopelessMs, error })
          throw error
        }
      },

      write: (file, body, call) =>
        attempts(
          { operation: 'write', file, size: totalLength(body) },
          (attempt) =>
            attempt === 1 ? inner.write(file, body, call) : writeAgain(inner, file, body, call),
          call,
        ),

      remove: (file, call) =>
        attempts(
          { operation: 'remove', file },
          async (attempt) => {
            try {
              await inner.remove(file, call)
            } catch (error) {
              const earlierOneWorked =
                attempt > 1 && isResticError(error, 'BACKEND') && error.reason === 'not-found'
              if (!earlierOneWorked) throw error
            }
          },
          call,
        ),
    })
  }
}

type Attempts = <T>(
  request: BackendRequest,
  run: (attempt: number) => Promise<T>,
  options: Cancellable | undefined,
) => Promise<T>

function retrier(world: RetryWorld, options: RetryOptions): Attempts {
  const { totalMs = totalMsDefault, wait = waitMs, onEvent } = options
  const nowMs = (): number => Number(world.clock.nowNs() / 1_000_000n)
  return async (request, run, { signal } = {}) => {
    const startMs = nowMs()
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
        if (attempt > 1 && nowMs() + delayMs - startMs > totalMs) throw error
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

async function nextUnseen<T extends { readonly name: string }>(
  entries: AsyncIterator<T>,
  seen: Set<string>,
): Promise<T | undefined> {
  for (;;) {
    const next = await entries.next()
    if (next.done === true) return undefined
    if (seen.has(next.value.name)) continue
    seen.add(next.value.name)
    return next.value
  }
}

/** A second attempt at an upload: it may be there, in whole or so far in part. */
async function writeAgain(
  inner: Backend,
  file: FileHandle,
  body: readonly Uint8Array[],
  options: Cancellable | undefined,
): Promise<void> {
  if (await isStored(inner, file, body, options)) return
  try {
    await inner.write(file, body, options)
  } catch (error) {
    if (!isResticError(error, 'BACKEND') || error.reason !== 'refused') throw error
    if (await isStored(inner, file, body, options)) return
    // A server that has not yet seen our first attempt die keeps its half under the name, and
    // takes it away when it does (rest-server issue 142).
    throw new BackendError(error.message, 'refused', {
      permanent: false,
      hint: `The store holds another or an unfinished ${fileLabel(file)}; it was not touched.`,
      cause: error,
    })
  }
  // The same server may take the file away that the second attempt stored.
  if (await isStored(inner, file, body, options)) return
  throw new BackendError(
    `${requestLabel({ operation: 'write', file, size: 0 })} was acknowledged, ` +
      'but the file is not there',
    'unavailable',
  )
}

async function isStored(
  inner: Backend,
  file: FileHandle,
  body: readonly Uint8Array[],
  options: Cancellable | undefined,
): Promise<boolean> {
  try {
    const { size } = await inner.stat(file, options)
    if (size !== totalLength(body)) return false
    if (file.type !== 'config') return true
    return equalBytes(await inner.read(file, options), concatBytes(body))
  } catch (error) {
    if (isResticError(error, 'BACKEND') && error.reason === 'not-found') return false
    throw error
  }
}

function waitMs(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const abandon = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abandon)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abandon, { once: true })
  })
}
