import { nextTurn } from '../base/timer.ts'
import { type JobKind, type Jobs, jobHandlers } from './jobs.ts'
import { PartMemory } from './part-memory.ts'
import type { JobContext, JobRun, RunOptions, TaskPool } from './pool.ts'

/** How long jobs may hold the thread before others get a turn. */
const turnMs = 10

/**
 * Runs jobs on the caller's own thread, one at a time: where there are no worker threads, and in
 * tests. Between the parts of a job the event loop gets its turn.
 */
export function inlinePool(given: Omit<JobContext, 'partMemory'>): TaskPool {
  const context = { ...given, partMemory: new PartMemory() }
  let last: Promise<unknown> = Promise.resolve()
  let open = 0
  return {
    size: 1,
    get isIdle() {
      return open === 0
    },
    prepare() {},
    run<K extends JobKind>(
      kind: K,
      input: Jobs[K]['input'],
      options: RunOptions<Jobs[K]['part']> = {},
    ): Promise<Jobs[K]['output']> {
      open++
      const run = last.then(() => runJob(kind, input, context, options)).finally(() => open--)
      last = run.catch(() => undefined)
      return run
    },
    async [Symbol.asyncDispose]() {
      await last
    },
  }
}

async function runJob<K extends JobKind>(
  kind: K,
  input: Jobs[K]['input'],
  context: JobContext,
  { onPart, signal }: RunOptions<Jobs[K]['part']>,
): Promise<Jobs[K]['output']> {
  signal?.throwIfAborted()
  const job: JobRun<K> = jobHandlers[kind](input, context)
  let turnEnds = performance.now() + turnMs
  try {
    for (;;) {
      const step = job.next()
      if (step.done === true) return step.value.value
      if (step.value !== undefined) {
        await onPart?.(step.value.value)
        context.partMemory.give(step.value.memory)
      }
      if (performance.now() > turnEnds) {
        await nextTurn()
        turnEnds = performance.now() + turnMs
      }
      signal?.throwIfAborted()
    }
  } finally {
    job.return(undefined as never)
  }
}
