import type { MessagePort } from 'node:worker_threads'
import type { JobError } from '../work/job-error.ts'
import type { JobKind, Jobs } from '../work/jobs.ts'

/** Words of the memory a worker shares with its pool. */
export const flowWord = {
  /** parts handed over and not yet taken in */
  ahead: 0,
  /** not 0: the job should stop */
  stop: 1,
} as const

export interface WorkerSetup {
  readonly role: typeof workerRole
  readonly flow: SharedArrayBuffer
  /** Where the memory of parts comes back. */
  readonly returned: MessagePort
}

/** Tells our workers from those of the program we run in. */
export const workerRole = 'restic-core'

export interface JobRequest<K extends JobKind = JobKind> {
  readonly kind: K
  readonly input: Jobs[K]['input']
}

/** Asks a worker that has no job to come to its end. */
export const endRequest = 'end'

export type JobReply =
  | { readonly type: 'part'; readonly value: unknown; readonly memory: Uint8Array<ArrayBuffer> }
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'failed'; readonly error: JobError }
  | { readonly type: 'stopped' }
