import type { Backend } from '../../backend/backend.ts'
import { type Cancellable, anySignal } from '../../base/cancel.ts'
import { Budget } from '../../base/concurrency.ts'
import type { FinishedPack } from './pack-builder.ts'

/** Bytes of finished packs in memory, waiting for upload or being uploaded: two of the usual size. */
const queueBytesMax = 36 * 1024 * 1024

/** Uploads packs while the next ones are made: as many at once as the store likes. */
export class Uploader {
  readonly #backend: Backend
  readonly #bytes = new Budget(queueBytesMax)
  readonly #connections: Budget
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #onStored: (pack: FinishedPack) => void

  /** @param onStored called when the store has the pack */
  constructor(backend: Backend, onStored: (pack: FinishedPack) => void, options: Cancellable) {
    this.#backend = backend
    this.#connections = new Budget(backend.traits.connections)
    this.#onStored = onStored
    this.#signal = anySignal(options.signal, this.#stop.signal) ?? this.#stop.signal
  }

  /** Aborts with the error of the first upload that failed. */
  get signal(): AbortSignal {
    return this.#signal
  }

  /** Resolves when there is room in the queue; the upload itself goes on behind. */
  async enqueue(pack: FinishedPack): Promise<void> {
    await this.#bytes.take(pack.size, { signal: this.#signal })
    this.alongside(this.#upload(pack).finally(() => this.#bytes.give(pack.size)))
  }

  /** Takes in work that the queue need not wait for: its failure is that of the uploads. */
  alongside(work: Promise<void>): void {
    const run: Promise<void> = work
      .catch((error: unknown) => this.#stop.abort(error))
      .finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  /** Waits for every upload and what goes alongside. Rejects when one has failed. */
  async drain(): Promise<void> {
    await this.#settle()
    this.#signal.throwIfAborted()
  }

  /** Stops what is still on its way. */
  async abandon(reason: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#settle()
  }

  /** An upload that ends may begin something alongside. */
  async #settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #upload(pack: FinishedPack): Promise<void> {
    await this.#connections.take(1, { signal: this.#signal })
    try {
      const file = { type: 'pack', name: pack.id } as const
      await this.#backend.write(file, pack.body, { signal: this.#signal })
    } finally {
      this.#connections.give(1)
    }
    // Only now: a request that failed may be sent again, and one that is cut off may still be read.
    pack[Symbol.dispose]()
    this.#onStored(pack)
  }
}
