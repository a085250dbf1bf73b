import * as z from 'zod'
import { toHex } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { isResticError } from '../base/errors.ts'
import type { Timer } from '../base/timer.ts'
import type { Backend } from '../backend/backend.ts'
import { encodeText, formatJsonObject } from '../format/json.ts'
import { parseJsonObject } from '../format/json-schema.ts'
import type { Runtime } from '../work/runtime.ts'
import { loadRaw, removeIfThere, smallFileLabel } from './files.ts'

/** Storing a key takes a request. Who has not done that after so long is taken for dead. */
const abandonedMs = 10_000
const pauseMinMs = 50

/** What a claim says. */
const claimJson = z.object({ initializing: z.string().regex(/^[0-9a-f]{32}$/) })

/** Whether the bytes of a file among the locks are no lock but a claim. */
export function isClaim(name: string, bytes: Uint8Array): boolean {
  try {
    parseJsonObject(claimJson, bytes, smallFileLabel({ type: 'lock', name }))
    return true
  } catch {
    return false
  }
}

interface ClaimContext extends Cancellable {
  readonly backend: Backend
  readonly runtime: Pick<Runtime, 'kernel' | 'clock' | 'random'>
  readonly timer: Timer
}

/**
 * Lets machines that make the same repository at once take turns. What they leave among the locks
 * meanwhile is a plain file, since there is no key yet to seal it with: the only place where a store
 * that deletes nothing else deletes.
 *
 * Whoever sees no claim writes one, and has its turn once it sees no other. Of two who claim at once
 * each sees the other's or comes so late that it finds what the first has done; the one with the
 * smaller name stays, the other steps back.
 */
export class InitClaims {
  readonly #context: ClaimContext
  /** When a claim of others was first seen here, by its name. Clocks of two machines differ. */
  readonly #firstSeenMs = new Map<string, number>()

  constructor(context: ClaimContext) {
    this.#context = context
  }

  /**
   * Does `work` when it is this one's turn.
   *
   * @returns 'later' when it was not; 'overtaken' when others did not wait until it was done
   */
  async take(work: () => Promise<void>): Promise<'done' | 'overtaken' | 'later'> {
    const { backend, runtime, signal } = this.#context
    if ((await this.#standing()).length > 0) return 'later'
    const initializing = toHex(runtime.random(16))
    const bytes = encodeText(formatJsonObject([['initializing', initializing]]))
    const name = toHex(runtime.kernel.sha256(bytes))
    try {
      await backend.write({ type: 'lock', name }, [bytes], { signal })
      if (!(await this.#isTurnOf(name))) {
        await this.#remove(name, { signal })
        return 'later'
      }
      await work()
      // Not removed is not done: the config is written only where no claim of ours is left.
      return (await this.#remove(name, { signal })) ? 'done' : 'overtaken'
    } catch (error) {
      await this.#remove(name, {}).catch(() => undefined)
      throw error
    }
  }

  /** Until others had their turn; for another time than they wait. */
  async pause(): Promise<void> {
    const { runtime, timer, signal } = this.#context
    const [jitterMs = 0] = runtime.random(1)
    await timer.sleep(pauseMinMs + jitterMs, { signal })
  }

  /** Removes what is left of claims. Where there is a key, there is nothing to claim any more. */
  async clear(): Promise<void> {
    for await (const name of this.#claims()) await this.#remove(name, this.#context)
  }

  /** Waits for claims with larger names to go; false when there is a smaller one, or none of ours. */
  async #isTurnOf(own: string): Promise<boolean> {
    for (;;) {
      const names = await this.#standing(own)
      if (!names.includes(own)) return false
      if (names.length === 1) return true
      if (names.some((name) => name < own)) return false
      await this.pause()
    }
  }

  /** The claims there are. Those that others have abandoned are removed. */
  async #standing(own?: string): Promise<readonly string[]> {
    const names: string[] = []
    for await (const name of this.#claims(own)) {
      if (name !== own && this.#isAbandoned(name)) await this.#remove(name, this.#context)
      else names.push(name)
    }
    return names
  }

  #isAbandoned(name: string): boolean {
    const nowMs = Number(this.#context.runtime.clock.nowNs() / 1_000_000n)
    const firstSeenMs = this.#firstSeenMs.get(name) ?? nowMs
    this.#firstSeenMs.set(name, firstSeenMs)
    return nowMs - firstSeenMs >= abandonedMs
  }

  /** Everybody's. A file that is no claim is somebody's lock, and left alone. */
  async *#claims(own?: string): AsyncGenerator<string, void> {
    const { backend, runtime, signal } = this.#context
    for await (const { name } of backend.list('lock', { signal })) {
      try {
        const file = { type: 'lock', name } as const
        const isKnown = name === own || this.#firstSeenMs.has(name)
        if (isKnown || isClaim(name, await loadRaw(backend, runtime.kernel, file, { signal }))) {
          yield name
        }
      } catch (error) {
        if (!isResticError(error, 'MISSING') && !isResticError(error, 'CORRUPT')) throw error
      }
    }
  }

  #remove(name: string, { signal }: Cancellable): Promise<boolean> {
    return removeIfThere(this.#context.backend, { type: 'lock', name }, { signal })
  }
}
