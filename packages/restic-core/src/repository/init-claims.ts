import * as z from 'zod'
import { toHex } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { isResticError } from '../base/errors.ts'
import type { Timer } from '../base/timer.ts'
import type { Backend } from '../backend/backend.ts'
import { encodeText, formatJsonObject } from '../format/json.ts'
import { jsonWord, parseJsonObject } from '../format/json-schema.ts'
import type { Runtime } from '../work/runtime.ts'
import { isNotFound, loadRaw, smallFileLabel } from './files.ts'

/** Storing a key takes a request; a claim that stands this long has nobody behind it any more. */
const abandonedMs = 5_000
const pauseMinMs = 50

/** What a claim says: which one it is, and who is at it. */
const claimJson = z.object({
  initializing: z.string().regex(/^[0-9a-f]{32}$/),
  hostname: jsonWord,
  pid: z.int(),
})

export interface Claim {
  readonly name: string
  readonly hostname: string
  readonly pid: number
}

interface ClaimContext extends Cancellable {
  readonly backend: Backend
  readonly runtime: Pick<Runtime, 'kernel' | 'clock' | 'random' | 'identity' | 'isProcessAlive'>
  readonly timer: Timer
}

/** What the bytes of a file among the locks say, if it is no lock but a claim. */
export function parseClaim(name: string, bytes: Uint8Array): Claim | undefined {
  try {
    const what = smallFileLabel({ type: 'lock', name })
    const { hostname, pid } = parseJsonObject(claimJson, bytes, what).value
    return { name, hostname, pid }
  } catch {
    return undefined
  }
}

/**
 * Lets machines that make the same repository at once take turns. What they leave among the locks
 * meanwhile is a plain file, since there is no key yet to seal it with: the only place where a store
 * that deletes nothing else deletes. Of two who claim at once at least one sees the other, and both
 * step back. It is gone before the config comes, beside which it would be a lock that nobody can read.
 */
export class InitClaims {
  readonly #context: ClaimContext
  /** When a claim of others was first seen here, by its name. Clocks of two machines differ. */
  readonly #firstSeenMs = new Map<string, number>()

  constructor(context: ClaimContext) {
    this.#context = context
  }

  /** Whether it was this one's turn; then `work` is done, and the claim is gone again. */
  async take(work: () => Promise<void>): Promise<boolean> {
    const { backend, runtime, signal } = this.#context
    const { hostname, pid } = runtime.identity
    const initializing = toHex(runtime.random(16))
    const bytes = encodeText(
      formatJsonObject([
        ['initializing', initializing],
        ['hostname', hostname],
        ['pid', pid],
      ]),
    )
    const name = toHex(runtime.kernel.sha256(bytes))
    try {
      await backend.write({ type: 'lock', name }, [bytes], { signal })
      const isFree = await this.#isFree(name)
      if (isFree) await work()
      // Not removed is not done: the config is written only where no claim is left.
      await this.#remove(name, { signal })
      return isFree
    } catch (error) {
      await this.#remove(name, {}).catch(() => undefined)
      throw error
    }
  }

  /** Until others had their turn; for another time than they wait. */
  async stepBack(): Promise<void> {
    const { runtime, timer, signal } = this.#context
    const [jitterMs = 0] = runtime.random(1)
    await timer.sleep(pauseMinMs + jitterMs, { signal })
  }

  /** Removes what is left of claims. Where there is a key, there is nothing to claim any more. */
  async clear(): Promise<void> {
    for await (const { name } of this.#claims()) await this.#remove(name, this.#context)
  }

  /** Whether there is no claim but this one. Those that others have abandoned are removed. */
  async #isFree(own: string): Promise<boolean> {
    let isFree = true
    for await (const claim of this.#claims()) {
      if (claim.name === own) continue
      isFree = false
      if (this.#isAbandoned(claim)) await this.#remove(claim.name, this.#context)
    }
    return isFree
  }

  #isAbandoned({ name, hostname, pid }: Claim): boolean {
    const { runtime } = this.#context
    if (hostname === runtime.identity.hostname && !runtime.isProcessAlive(pid)) return true
    const nowMs = Number(runtime.clock.nowNs() / 1_000_000n)
    const firstSeenMs = this.#firstSeenMs.get(name)
    if (firstSeenMs === undefined) this.#firstSeenMs.set(name, nowMs)
    return firstSeenMs !== undefined && nowMs - firstSeenMs >= abandonedMs
  }

  /** Everybody's. A file that is no claim is somebody's lock, and left alone. */
  async *#claims(): AsyncGenerator<Claim, void> {
    const { backend, runtime, signal } = this.#context
    for await (const { name } of backend.list('lock', { signal })) {
      const file = { type: 'lock', name } as const
      try {
        const claim = parseClaim(name, await loadRaw(backend, runtime.kernel, file, { signal }))
        if (claim) yield claim
      } catch (error) {
        if (!isResticError(error, 'MISSING') && !isResticError(error, 'CORRUPT')) throw error
      }
    }
  }

  async #remove(name: string, { signal }: Cancellable): Promise<void> {
    try {
      await this.#context.backend.remove({ type: 'lock', name }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
