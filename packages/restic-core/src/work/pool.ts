import type { Cancellable } from '../base/cancel.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { FileAccess } from './files.ts'
import type { JobKind, Jobs } from './jobs.ts'
import type { PartMemory } from './part-memory.ts'

/** What a job may use. */
export interface JobContext {
  readonly kernel: Kernel
  readonly files: FileAccess
  readonly partMemory: PartMemory
  random(length: number): Uint8Array
}

/** A piece of a job's result that is handed over before the job ends. */
export interface JobPart<Value> {
  readonly value: Value
  /** Where the bytes in `value` are, from `partMemory`. The job must not touch them again. */
  readonly memory: Uint8Array<ArrayBuffer>
}

/**
 * A job is a generator: it yields its parts and returns its output. Where it yields it may be paused
 * for as long as the receiver has enough in hand, and cancelled; `undefined` is only such a place.
 */
export type JobRun<K extends JobKind> = Generator<
  JobPart<Jobs[K]['part']> | undefined,
  {
    readonly value: Jobs[K]['output']
    readonly transfer?: readonly ArrayBuffer[]
    /** there is much memory that nobody needs any more, and that no collector would hurry for */
    readonly leavesMuch?: boolean
  },
  void
>

export interface RunOptions<Part> extends Cancellable {
  /** Buffers of the input that move to the job. */
  readonly transfer?: readonly ArrayBuffer[]
  /**
   * Takes a part, whose memory is used again once the promise has resolved. While it is open the
   * job is at most `partsAheadMax` parts ahead.
   */
  readonly onPart?: (part: Part) => Promise<void> | void
}

/** Parts that the receiver has in hand while the job makes the next one. */
export const partsAheadMax = 1

/** Where jobs run. Whoever creates a pool disposes it. */
export interface TaskPool extends AsyncDisposable {
  /** How many jobs run at once. */
  readonly size: number
  /** No job runs or waits for its turn. */
  readonly isIdle: boolean
  /** Lets threads start before there is a job for them: all, or so many. */
  prepare(threads?: number): void
  /** Rejects with what the job threw, or with an Error when its thread died. */
  run<K extends JobKind>(
    kind: K,
    input: Jobs[K]['input'],
    options?: RunOptions<Jobs[K]['part']>,
  ): Promise<Jobs[K]['output']>
}
