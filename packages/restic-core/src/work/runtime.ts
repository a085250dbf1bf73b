import type { Clock } from '../base/clock.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { TaskPool } from './pool.ts'

/** What a platform gives: compute, threads, time and randomness. Node's and the portable one exist. */
export interface Runtime extends AsyncDisposable {
  readonly kernel: Kernel
  readonly pool: TaskPool
  readonly clock: Clock
  /** Bytes fit for keys and nonces. */
  random(length: number): Uint8Array
}
