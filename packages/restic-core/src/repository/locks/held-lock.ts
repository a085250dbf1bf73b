import type { Observed } from '../../base/cancel.ts'
import { LockLostError } from '../../base/errors.ts'
import type { LockId } from '../../base/id.ts'
import type { LockEvent, RepositoryLock } from '../api.ts'
import { isNotFound } from '../files.ts'
import type { Gate, GateHold } from '../gate.ts'
import {
  type LockContext,
  type LockMode,
  type NewLock,
  newLock,
  removeLock,
  settleMs,
  writeLock,
} from './lock-store.ts'

/** A lock counts as stale when it was not refreshed for 30 minutes. */
export const staleMs: number = 30 * 60_000
const refreshMs = 5 * 60_000
/** After a refresh that failed. */
const refreshAgainMs = 60_000
/** From here on nothing may be done before it is known that nobody has removed the lock. */
const doubtMs: number = staleMs - 7.5 * 60_000
/** The wall clock is read this often, since a machine that sleeps runs no timers. */
const tickMs = 1_000

const removed = 'somebody has removed it'

/** A lock that is refreshed until it is disposed. */
export class HeldLock implements RepositoryLock {
  readonly #context: LockContext
  readonly #gate: Gate
  readonly #mode: LockMode
  readonly #onEvent: Observed<LockEvent>['onEvent']
  readonly #lost = new AbortController()
  readonly #ticks: Disposable
  /** Of this process and not, or no more, the lock: to be removed. */
  readonly #leftBehind = new Set<LockId>()
  #id: LockId
  #refreshedMs: number
  #attemptedMs: number
  #doubt: GateHold | undefined
  #released: Promise<void> | undefined
  #work: { readonly done: Promise<void>; readonly stop: AbortController } | undefined

  constructor(options: {
    readonly context: LockContext
    readonly gate: Gate
    readonly mode: LockMode
    readonly lock: NewLock
    readonly onEvent: Observed<LockEvent>['onEvent']
  }) {
    this.#context = options.context
    this.#gate = options.gate
    this.#mode = options.mode
    this.#onEvent = options.onEvent
    this.#id = options.lock.file.id
    this.#refreshedMs = options.lock.timeMs
    this.#attemptedMs = options.lock.timeMs
    this.#ticks = this.#context.timer.every(tickMs, () => this.#tick())
  }

  get id(): LockId {
    return this.#id
  }

  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Removes the lock file. That it could not is told as an event: the work under it is done. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#released ??= this.#release())
  }

  async #release(): Promise<void> {
    this.#ticks[Symbol.dispose]()
    this.#work?.stop.abort()
    await this.#work?.done
    for (const id of [this.#id, ...this.#leftBehind]) {
      try {
        await removeLock(this.#context, id)
      } catch (error) {
        this.#onEvent?.({ type: 'left-behind', id, error })
      }
    }
    this.#doubt?.release()
  }

  #nowMs(): number {
    return Number(this.#context.runtime.clock.nowNs() / 1_000_000n)
  }

  #tick(): void {
    const now = this.#nowMs()
    const age = now - this.#refreshedMs
    if (age >= doubtMs && !this.#doubt) {
      this.#doubt = this.#gate.hold()
      this.#work?.stop.abort()
    }
    if (this.#work) return
    const doubt = this.#doubt
    if (doubt) this.#start((signal) => this.#recover(doubt, signal))
    // A clock that was set back makes the lock look older to others than it does here.
    else if (age < 0 || now >= this.#attemptedMs + this.#pauseMs()) {
      this.#attemptedMs = now
      this.#start((signal) => this.#refresh(signal))
    }
  }

  #pauseMs(): number {
    return this.#attemptedMs === this.#refreshedMs ? refreshMs : refreshAgainMs
  }

  #start(work: (signal: AbortSignal) => Promise<void>): void {
    const stop = new AbortController()
    const done = work(stop.signal).finally(() => {
      this.#work = undefined
    })
    this.#work = { done, stop }
  }

  /** Replaces the lock file by one of now. A failure is left to the next attempt. */
  async #refresh(signal: AbortSignal): Promise<void> {
    try {
      if (!(await this.#stands(signal))) return this.#lose(removed)
      await this.#become(await this.#write(signal))
    } catch (error) {
      if (!signal.aborted) this.#onEvent?.({ type: 'refresh-failed', id: this.#id, error })
    }
  }

  /** The last chance: the session stands still, and the lock is good if it stood all the time. */
  async #recover(doubt: GateHold, signal: AbortSignal): Promise<void> {
    try {
      if (!(await this.#stands(signal))) return this.#lose(removed)
      const next = await this.#write(signal)
      await this.#context.timer.sleep(settleMs, { signal })
      if (!(await this.#stands(signal))) return this.#lose(removed)
      await this.#become(next)
      this.#doubt = undefined
      doubt.release()
    } catch (error) {
      if (!signal.aborted) this.#lose('failed to refresh lock in time', error)
    }
  }

  async #write(signal: AbortSignal): Promise<NewLock> {
    const lock = newLock(this.#context, this.#mode)
    // Until it is the lock, it is something to be removed, whatever happens.
    this.#leftBehind.add(lock.file.id)
    await writeLock(this.#context, lock.file, { signal })
    return lock
  }

  async #become({ file, timeMs }: NewLock): Promise<void> {
    this.#leftBehind.add(this.#id)
    this.#leftBehind.delete(file.id)
    this.#id = file.id
    this.#refreshedMs = timeMs
    this.#attemptedMs = timeMs
    for (const id of this.#leftBehind) {
      try {
        await removeLock(this.#context, id)
        this.#leftBehind.delete(id)
      } catch {
        // The next refresh tries again, and disposal tells when it could not be removed at all.
      }
    }
  }

  async #stands(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#context.files.backend.stat({ type: 'lock', name: this.#id }, { signal })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  #lose(reason: string, cause?: unknown): void {
    this.#ticks[Symbol.dispose]()
    const error = new LockLostError(`the lock ${this.#id.slice(0, 8)} is lost: ${reason}`, {
      cause,
    })
    const doubt = this.#doubt ?? this.#gate.hold()
    this.#doubt = doubt
    doubt.fail(error)
    this.#lost.abort(error)
  }
}
