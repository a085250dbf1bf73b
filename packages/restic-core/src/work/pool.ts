import type { Cancellable } from '../base/cancel.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { FileAccess } from './files.ts'
import type { JobKind, Jobs } from './jobs.ts'

/** What a job may use. */
export interface JobContext {
  readonly kernel: Kernel
  readonly files: FileAccess
  random(length: number): Uint8Array
}

/** A piece of a job's result that is handed over before the job ends. */
export interface JobPart<Value> {
  readonly value: Value
  /** bytes this part keeps alive until the receiver is done with it */
  readonly weight: number
  /** buffers that move to the receiver; the job must not touch them again */
  readonly transfer: readonly ArrayBuffer[]
}

/**
 * A job is a generator: it yields its parts and returns its output. Between two parts it may be
 * paused for as long as the receiver has too much in hand, and cancelled.
 */
export type JobRun<K extends JobKind> = Generator<
  JobPart<Jobs[K]['part']>,
  { readonly value: Jobs[K]['output']; readonly transfer?: readonly ArrayBuffer[] },
  void
>

export interface RunOptions<Part> extends Cancellable {
  /** Buffers of the input that move to the job. */
  readonly transfer?: readonly ArrayBuffer[]
  /** Takes a part; while its promise is open the job may get at most `partWindow` bytes ahead. */
  readonly onPart?: (part: Part) => Promise<void> | void
}

/** How far a job may run ahead of its receiver, in bytes of parts. */
export const partWindow: number = 8 * 1024 * 1024

/** Where jobs run. Whoever creates a pool disposes it. */
export interface TaskPool extends AsyncDisposable {
  /** How many jobs run at once. */
  readonly size: number
  /** Rejects with what the job threw, or with an Error when its thread died. */
  run<K extends JobKind>(
    kind: K,
    input: Jobs[K]['input'],
    options?: RunOptions<Jobs[K]['part']>,
  ): Promise<Jobs[K]['output']>
}
