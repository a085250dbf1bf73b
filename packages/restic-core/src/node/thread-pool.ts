import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { decodeJobError } from '../work/job-error.ts'
import type { JobKind, Jobs } from '../work/jobs.ts'
import type { JobPart, RunOptions, TaskPool } from '../work/pool.ts'
import { type WorkerEntry, workerEntry } from './worker-entry.ts'
import {
  type JobReply,
  type JobRequest,
  type WorkerSetup,
  endRequest,
  flowWord,
  workerRole,
} from './worker-messages.ts'

// Jobs make little garbage but large buffers. The space V8 keeps for new objects by default costs
// each thread some 30 MB and is no faster (bench/questions/first-backup-instance.ts).
const resourceLimits = { maxYoungGenerationSizeMb: 8 } as const

/** A thread that has not ended by then is stopped. */
const leavingMaxMs = 1000

interface Task {
  readonly request: JobRequest
  readonly transfer: readonly ArrayBuffer[]
  readonly onPart: ((part: never) => Promise<void> | void) | undefined
  readonly signal: AbortSignal | undefined
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

export interface ThreadPoolOptions {
  /** How many jobs run at once; the number of processors unless given. */
  readonly size?: number | undefined
  readonly entry?: WorkerEntry | undefined
}

/** Runs jobs on worker threads, which start when they are first needed. */
export function threadPool(options: ThreadPoolOptions = {}): TaskPool {
  return new ThreadPool(options.size ?? availableParallelism(), options.entry ?? workerEntry)
}

class ThreadPool implements TaskPool {
  readonly size: number
  readonly #queue: Task[] = []
  readonly #threads = new Set<Thread>()
  readonly #idle: Thread[] = []
  readonly #entry: WorkerEntry
  #disposed = false

  constructor(size: number, entry: WorkerEntry) {
    if (!Number.isSafeInteger(size) || size < 1) throw new RangeError('a pool has 1 thread or more')
    this.size = size
    this.#entry = entry
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#idle.length === this.#threads.size
  }

  prepare(threads = this.size): void {
    while (!this.#disposed && this.#threads.size < threads) {
      const thread = this.#start()
      if (thread === undefined) return
      this.#idle.push(thread)
    }
  }

  run<K extends JobKind>(
    kind: K,
    input: Jobs[K]['input'],
    { onPart, signal, transfer = [] }: RunOptions<Jobs[K]['part']> = {},
  ): Promise<Jobs[K]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#disposed) throw disposedError()
      signal?.throwIfAborted()
      this.#queue.push({
        request: { kind, input },
        transfer,
        onPart,
        signal,
        resolve,
        reject,
      })
      this.#assign()
    })
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop() ?? this.#start()
      if (thread === undefined) return
      const task = this.#queue.shift() as Task
      if (task.signal?.aborted === true) {
        this.#idle.push(thread)
        task.reject(task.signal.reason)
        continue
      }
      thread.take(task)
    }
  }

  #start(): Thread | undefined {
    if (this.#threads.size >= this.size) return undefined
    const thread: Thread = new Thread(this.#entry, {
      onIdle: () => {
        this.#idle.push(thread)
        this.#assign()
      },
      onDeath: () => {
        this.#threads.delete(thread)
        const at = this.#idle.indexOf(thread)
        if (at >= 0) this.#idle.splice(at, 1)
        if (!this.#disposed) this.#assign()
      },
    })
    this.#threads.add(thread)
    return thread
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    for (const task of this.#queue.splice(0)) task.reject(disposedError())
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }
}

/** Why a job was stopped: its signal, or the end of the pool. */
function stopReason(signal: AbortSignal | undefined): unknown {
  return signal?.aborted === true ? signal.reason : disposedError()
}

function disposedError(): Error {
  return new Error('the pool is disposed')
}

/** One worker and the task it has. */
class Thread {
  readonly #worker: Worker
  readonly #flow = new Int32Array(new SharedArrayBuffer(8))
  /** Where the memory of parts goes back. */
  readonly #memory: MessagePort
  readonly #onIdle: () => void
  #task: Task | undefined
  #isEnding = false
  #hasExited = false
  /** parts that the receiver has not finished with */
  #open = 0
  #outcome: (() => void) | undefined
  #partFailure: { readonly error: unknown } | undefined
  readonly #stop = (): void => this.#setStop(1)

  constructor(
    entry: WorkerEntry,
    handlers: { readonly onIdle: () => void; readonly onDeath: () => void },
  ) {
    this.#onIdle = handlers.onIdle
    const { port1, port2: returned } = new MessageChannel()
    this.#memory = port1
    const workerData: WorkerSetup = { role: workerRole, flow: this.#flow.buffer, returned }
    const options = { workerData, transferList: [returned], resourceLimits }
    this.#worker =
      'url' in entry
        ? new Worker(entry.url, options)
        : new Worker(entry.source, { ...options, eval: true })
    this.#worker.on('message', (reply: JobReply) => this.#receive(reply))
    let death: Error = new Error('a worker thread ended while it had a job')
    this.#worker.on('error', (error: Error) => {
      death = new Error(`a worker thread died: ${error.message}`, { cause: error })
    })
    this.#worker.on('exit', () => {
      this.#hasExited = true
      this.#memory.close()
      handlers.onDeath()
      const task = this.#release()
      task?.reject(death)
    })
    // An idle thread must not keep a program alive whose owner forgot to dispose the pool.
    this.#worker.unref()
  }

  take(task: Task): void {
    this.#task = task
    this.#setStop(0)
    task.signal?.addEventListener('abort', this.#stop, { once: true })
    this.#worker.ref()
    try {
      this.#worker.postMessage(task.request, [...task.transfer])
    } catch (error) {
      this.#end(() => task.reject(error))
    }
  }

  /**
   * Resolves when the thread is gone. It ends by itself, after its job has stopped, and is stopped from
   * outside only if that takes long: V8 may take the whole process with a thread that is stopped
   * while it loads its modules.
   */
  async end(): Promise<void> {
    if (this.#hasExited) return
    this.#isEnding = true
    const worker = this.#worker
    // The program must not end before it either.
    worker.ref()
    this.#setStop(1)
    worker.postMessage(endRequest, [])
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    await Promise.race([exited, setTimeout(leavingMaxMs, undefined, { ref: false })])
    await worker.terminate()
  }

  #receive(reply: JobReply): void {
    const task = this.#task
    if (task === undefined) return
    switch (reply.type) {
      case 'part':
        void this.#deliver(task, reply)
        return
      case 'done':
        return this.#end(() => task.resolve(reply.value as never))
      case 'failed':
        return this.#end(() => task.reject(decodeJobError(reply.error)))
      case 'stopped':
        return this.#end(() => task.reject(stopReason(task.signal)))
    }
  }

  async #deliver(task: Task, { value, memory }: JobPart<unknown>): Promise<void> {
    this.#open++
    try {
      await task.onPart?.(value as never)
    } catch (error) {
      this.#partFailure ??= { error }
      this.#setStop(1)
    }
    // Before the count, which the job waits for.
    this.#memory.postMessage(memory, [memory.buffer])
    Atomics.sub(this.#flow, flowWord.ahead, 1)
    Atomics.notify(this.#flow, flowWord.ahead)
    this.#open--
    this.#settle()
  }

  #end(outcome: () => void): void {
    this.#outcome = outcome
    this.#settle()
  }

  /** The task ends when the worker has said so and the receiver is done with every part. */
  #settle(): void {
    if (this.#outcome === undefined || this.#open > 0) return
    const outcome = this.#outcome
    const failure = this.#partFailure
    const task = this.#release()
    // Nobody but it may keep the program alive until it has ended, which is waited for.
    if (!this.#isEnding) this.#worker.unref()
    if (failure) task?.reject(failure.error)
    else outcome()
    this.#onIdle()
  }

  #release(): Task | undefined {
    const task = this.#task
    task?.signal?.removeEventListener('abort', this.#stop)
    this.#task = undefined
    this.#outcome = undefined
    this.#partFailure = undefined
    return task
  }

  #setStop(value: 0 | 1): void {
    Atomics.store(this.#flow, flowWord.stop, value)
    Atomics.notify(this.#flow, flowWord.ahead)
  }
}
