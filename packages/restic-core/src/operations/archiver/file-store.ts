import { MiB, toHex } from '../../base/bytes.ts'
import { Budget } from '../../base/concurrency.ts'
import { SourceError } from '../../base/errors.ts'
import { type BlobId, asId } from '../../base/id.ts'
import type { BlobWriter } from '../../repository/api.ts'
import { type FileState, isWhole, sameState } from '../../work/files.ts'
import { decodeJobError } from '../../work/job-error.ts'
import type { StoredFiles } from '../../work/jobs/store-files.ts'
import type { StoreRanges } from '../../work/jobs/store-ranges.ts'
import type { TaskPool } from '../../work/pool.ts'

/** A batch is sent when it has this many files or bytes, so that small files share a message. */
const batchFilesMax = 128
const batchBytesMax: number = 4 * MiB
/** From here on a file is cut first and its chunks are spread over the threads. */
const largeFileMin: number = 16 * MiB
/** How far a large file is cut ahead, and what one job stores of it. */
const stretchLength: number = 64 * MiB
const rangeLength: number = 16 * MiB
/** Large files in work at once: one being cut while the chunks of the other are stored. */
const largeFilesMax = 2

/** What became of a file's content. */
export interface FileContent {
  readonly content: readonly BlobId[]
  /** bytes */
  readonly size: number
  /** false when the file changed while it was read */
  readonly isStable: boolean
}

export interface FileRequest {
  readonly path: string
  /** bytes, as the directory says */
  readonly size: number
  /** Called once: with the content, or with why the file could not be read. */
  readonly done: (result: FileContent | SourceError) => void
  readonly onRead?: (bytes: number) => void
}

/** Hands files to the pool: small ones in batches, large ones in stretches. */
export class FileStore {
  readonly #pool: TaskPool
  readonly #blobs: BlobWriter
  readonly #signal: AbortSignal
  readonly #onFailure: (error: unknown) => void
  /** Jobs queued or running: enough that no thread waits for the next message. */
  readonly #jobs: Budget
  readonly #large = new Budget(largeFilesMax)
  readonly #running = new Set<Promise<void>>()
  #batch: FileRequest[] = []
  #batchBytes = 0

  constructor(
    pool: TaskPool,
    blobs: BlobWriter,
    options: { readonly signal: AbortSignal; readonly onFailure: (error: unknown) => void },
  ) {
    this.#pool = pool
    this.#blobs = blobs
    this.#signal = options.signal
    this.#onFailure = options.onFailure
    this.#jobs = new Budget(pool.size * 2 + 1)
  }

  /** Returns a promise when there is enough in work. */
  add(request: FileRequest): Promise<void> | undefined {
    if (request.size >= largeFileMin) return this.#addLarge(request)
    this.#batch.push(request)
    this.#batchBytes += request.size
    const isFull = this.#batch.length >= batchFilesMax || this.#batchBytes >= batchBytesMax
    return isFull ? this.#sendBatch() : undefined
  }

  async #addLarge(request: FileRequest): Promise<void> {
    await this.#large.take(1, { signal: this.#signal })
    this.#track(this.#storeLarge(request).finally(() => this.#large.give(1)))
  }

  /** Waits until every file is done. */
  async finish(): Promise<void> {
    await this.#sendBatch()
    await Promise.all(this.#running)
  }

  /** Waits for what is in work to stop, after the signal has aborted. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }

  #track(work: Promise<void>): void {
    const run: Promise<void> = work.catch(this.#onFailure).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #sendBatch(): Promise<void> {
    const batch = this.#batch
    if (batch.length === 0) return
    this.#batch = []
    this.#batchBytes = 0
    await this.#jobs.take(1, { signal: this.#signal })
    this.#track(this.#storeBatch(batch).finally(() => this.#jobs.give(1)))
  }

  async #storeBatch(batch: readonly FileRequest[]): Promise<void> {
    const stored = await this.#pool.run(
      'storeFiles',
      { settings: this.#blobs.jobSettings(), paths: batch.map(({ path }) => path) },
      { signal: this.#signal, onPart: (part) => this.#blobs.addSealed(part) },
    )
    let next = 0
    for (const result of contentsOf(stored)) {
      const { done, onRead } = batch[next++] as FileRequest
      if (!(result instanceof SourceError)) onRead?.(result.size)
      done(result)
    }
  }

  /**
   * Cuts the file a stretch ahead of storing it. The next stretch is asked for before the ranges
   * of this one, so that the cutter is never behind the threads that store.
   */
  async #storeLarge(request: FileRequest): Promise<void> {
    const ranges: Promise<StoreRanges['output']>[] = []
    try {
      let start = 0
      let before: FileState | undefined
      for (let next = this.#cut(request, start); ;) {
        const { lengths, atEnd, state } = await next
        before ??= state
        const from = start
        start += lengths.reduce((sum, length) => sum + length, 0)
        if (!atEnd) {
          next = this.#cut(request, start)
          next.catch(() => undefined)
        }
        await this.#storeStretch(request, from, lengths, ranges)
        if (atEnd) break
      }
      request.done(joined(await Promise.all(ranges), before))
    } catch (error) {
      await Promise.allSettled(ranges)
      if (!(error instanceof SourceError)) throw error
      request.done(error)
    }
  }

  #cut(request: FileRequest, start: number) {
    const { polynomial } = this.#blobs.jobSettings()
    const input = { path: request.path, polynomial, start, lengthWanted: stretchLength }
    return this.#pool.run('cutFile', input, { signal: this.#signal })
  }

  async #storeStretch(
    request: FileRequest,
    start: number,
    lengths: readonly number[],
    ranges: Promise<StoreRanges['output']>[],
  ): Promise<void> {
    let position = start
    for (const group of groups(lengths)) {
      await this.#jobs.take(1, { signal: this.#signal })
      const range = this.#storeRange(request, position, group).finally(() => this.#jobs.give(1))
      range.catch(() => undefined)
      ranges.push(range)
      position += group.reduce((sum, length) => sum + length, 0)
    }
  }

  async #storeRange(
    { path, onRead }: FileRequest,
    start: number,
    lengths: readonly number[],
  ): Promise<StoreRanges['output']> {
    const stored = await this.#pool.run(
      'storeRanges',
      { settings: this.#blobs.jobSettings(), path, start, lengths },
      { signal: this.#signal, onPart: (part) => this.#blobs.addSealed(part) },
    )
    onRead?.(stored.size)
    return stored
  }
}

/** Consecutive chunks of about `rangeLength` together. */
function* groups(lengths: readonly number[]): Generator<number[], void> {
  let group: number[] = []
  let total = 0
  for (const length of lengths) {
    group.push(length)
    total += length
    if (total < rangeLength) continue
    yield group
    group = []
    total = 0
  }
  if (group.length > 0) yield group
}

/** What became of each file of a batch, in its order. */
function* contentsOf(stored: StoredFiles): Generator<FileContent | SourceError, void> {
  let start = 0
  for (const [at, size] of stored.sizes.entries()) {
    const end = start + (stored.blobCounts[at] as number) * 32
    const error = stored.errors.get(at)
    if (error !== undefined) yield decodeJobError(error) as SourceError
    else {
      const content = blobIds(stored.content, start, end)
      yield { content, size, isStable: stored.stable[at] === 1 }
    }
    start = end
  }
}

/** A file that became shorter ends where the first of its ranges was cut short. */
function joined(
  ranges: readonly StoreRanges['output'][],
  before: FileState | undefined,
): FileContent {
  const content: BlobId[] = []
  let size = 0
  let isStable = true
  for (const range of ranges) {
    content.push(...blobIds(range.content))
    size += range.size
    isStable &&= before !== undefined && sameState(before, range.state)
    if (range.cutShort) break
  }
  return { content, size, isStable: isStable && isWhole(size, before?.size ?? 0) }
}

function blobIds(bytes: Uint8Array, start = 0, end: number = bytes.length): BlobId[] {
  const ids: BlobId[] = []
  for (let at = start; at < end; at += 32) ids.push(asId<'blob'>(toHex(bytes, at, at + 32)))
  return ids
}
