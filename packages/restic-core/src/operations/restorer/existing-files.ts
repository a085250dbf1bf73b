import type { Cancellable } from '../../base/cancel.ts'
import { Budget } from '../../base/concurrency.ts'
import { MiB } from '../../base/bytes.ts'
import type { ComparedFile, FileToCompare } from '../../work/jobs/compare-files.ts'
import type { TaskPool } from '../../work/pool.ts'

/** One message to a worker carries this many files, or this much content. */
const batchFilesMax = 64
const batchBytesMax: number = 16 * MiB
/** Batches that wait for a worker, beyond those that are in work. */
const batchesWaiting = 2

/** Compares files with the blobs they should hold, in batches on the pool. */
export class FileComparer<Item extends FileToCompare> implements AsyncDisposable {
  readonly #pool: TaskPool
  readonly #onCompared: (item: Item, result: ComparedFile) => void
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #slots: Budget
  readonly #running = new Set<Promise<void>>()
  #batch: Item[] = []
  #batchBytes = 0
  #failure: { readonly error: unknown } | undefined

  constructor(
    pool: TaskPool,
    onCompared: (item: Item, result: ComparedFile) => void,
    { signal }: Cancellable,
  ) {
    this.#pool = pool
    this.#onCompared = onCompared
    this.#slots = new Budget(pool.size + batchesWaiting)
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal
  }

  /** Waits while too many batches wait for a worker. */
  async add(item: Item): Promise<void> {
    this.#batch.push(item)
    for (const length of item.lengths) this.#batchBytes += length
    if (this.#batch.length >= batchFilesMax || this.#batchBytes >= batchBytesMax) await this.#send()
  }

  /** Resolves when every file has been compared. */
  async finish(): Promise<void> {
    await this.#send()
    await Promise.all(this.#running)
    if (this.#failure) throw this.#failure.error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #send(): Promise<void> {
    if (this.#failure) throw this.#failure.error
    const batch = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    if (batch.length === 0) return
    await this.#slots.take(1, { signal: this.#signal })
    const run: Promise<void> = this.#compare(batch).finally(() => {
      this.#slots.give(1)
      this.#running.delete(run)
    })
    this.#running.add(run)
  }

  async #compare(batch: readonly Item[]): Promise<void> {
    try {
      const files = batch.map(({ path, ids, lengths }) => ({ path, ids, lengths }))
      const results = await this.#pool.run('compareFiles', { files }, { signal: this.#signal })
      for (const [index, item] of batch.entries()) {
        this.#onCompared(item, results[index] as ComparedFile)
      }
    } catch (error) {
      this.#failure ??= { error }
      this.#stop.abort(error)
    }
  }
}
