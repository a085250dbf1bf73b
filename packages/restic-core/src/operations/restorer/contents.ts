import { type Cancellable, anySignal, untilAborted } from '../../base/cancel.ts'
import { MiB, toHex } from '../../base/bytes.ts'
import { Budget, eachLimited } from '../../base/concurrency.ts'
import { isResticError } from '../../base/errors.ts'
import { type BlobId, shortId } from '../../base/id.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { PackFetcher } from '../../repository/blobs/pack-fetcher.ts'
import type { FileToWrite } from '../../work/jobs/restore-blobs.ts'
import { decodeJobError } from '../../work/job-error.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import { Turns } from '../shared/turns.ts'
import { clearPlace } from './clear-place.ts'
import type { Stretch } from './content-plan.ts'
import type { PlannedFile, RestorePlan } from './plan.ts'
import type { RestoreProgress } from './progress.ts'
import { type StretchJob, stretchJob } from './stretch-job.ts'

/** Bytes of packs that are being fetched or wait for a worker. */
const fetchedMax: number = 72 * MiB

/**
 * Writes the content of all files of the plan.
 *
 * @param prepare makes what has to be there first; packs are fetched meanwhile
 */
export async function restoreContents(
  from: IndexedRepository,
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  { signal, prepare }: Cancellable & { readonly prepare: (options: Cancellable) => Promise<void> },
): Promise<void> {
  const stop = new AbortController()
  const options = { signal: anySignal(signal, stop.signal) }
  const restorer = new ContentRestorer(from, plan, target, progress)
  const prepared = prepare(options).then(() => restorer.prepareFiles(options))
  const work = [prepared, restoreStretches(from, plan, restorer, prepared, options)]
  try {
    await Promise.all(work)
    restorer.removeHollow()
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled(work)
    throw error
  }
}

async function restoreStretches(
  from: IndexedRepository,
  plan: RestorePlan,
  restorer: ContentRestorer,
  prepared: Promise<void>,
  options: Cancellable,
): Promise<void> {
  // While some stretches are worked on, others are fetched; the store limits requests itself.
  const limit = from.connections + from.runtime.pool.size
  const memory = new Budget(fetchedMax)
  await eachLimited(
    plan.contents.stretches(),
    limit,
    async (stretch, signal) => {
      await memory.take(stretch.length, { signal })
      try {
        await restorer.restore(stretch, prepared, { signal })
      } finally {
        memory.give(stretch.length)
      }
    },
    options,
  )
}

class ContentRestorer {
  readonly #from: IndexedRepository
  readonly #plan: RestorePlan
  readonly #target: TargetTree
  readonly #progress: RestoreProgress
  readonly #writesLeft: Uint32Array
  /** Files that lack a blob, and for each file 1 when it got one. */
  readonly #lacking = new Set<number>()
  readonly #hasContent: Uint8Array
  readonly #fetcher: PackFetcher

  constructor(
    from: IndexedRepository,
    plan: RestorePlan,
    target: TargetTree,
    progress: RestoreProgress,
  ) {
    this.#from = from
    this.#plan = plan
    this.#target = target
    this.#progress = progress
    this.#writesLeft = plan.contents.writesOfFiles(plan.files.length)
    this.#hasContent = new Uint8Array(plan.files.length)
    this.#fetcher = new PackFetcher(from)
  }

  /** Clears the way for every file, and makes those that no single job can make. */
  async prepareFiles(options: Cancellable): Promise<void> {
    const turns = new Turns(options)
    for (const [index, file] of this.#plan.files.entries()) {
      const { action, path, size } = file
      this.#progress.attempt(path, () => {
        if (action === 'replace' || action === 'renew') clearPlace(this.#plan, this.#target, path)
        if (action === 'update') this.#target.prepareFile(path, size)
        else if (!this.#isMadeByJob(index)) this.#target.createFile(path, size)
        if (this.#writesLeft[index] === 0) this.#finish(file)
      })
      await turns.pause()
    }
  }

  /** @param prepared resolves when files may be written; the pack is fetched meanwhile */
  async restore(stretch: Stretch, prepared: Promise<void>, options: Cancellable): Promise<void> {
    const { contents } = this.#plan
    let job: StretchJob | undefined
    const lost = await this.#fetch(stretch, options, async (bytes) => {
      await untilAborted(prepared, options.signal)
      job = this.#job(stretch)
      return this.#runJob(job, shortId(stretch.pack), bytes, options)
    })
    await untilAborted(prepared, options.signal)
    job ??= this.#job(stretch)
    const damaged = new Set(lost ?? this.#makeFilesOfJob(job))
    for (const [row, blob] of job.writes.blobs.entries()) {
      if (!damaged.has(blob)) this.#hasContent[fileOf(job, row)] = 1
    }
    for (const blob of damaged) await this.#restoreOtherCopy(job, blob, options)
    for (const write of stretch.writes) this.#countWrite(contents.file(write), contents.copy(write))
  }

  /** Of a new file that lacks a blob, what could be had stays; but zeros alone are nothing of it. */
  removeHollow(): void {
    for (const file of this.#lacking) {
      const { action, path } = this.#plan.files[file] as PlannedFile
      if (action === 'update' || this.#hasContent[file] === 1) continue
      this.#progress.attempt(path, () => {
        if (this.#target.entry(path) !== undefined) this.#target.remove(path)
      })
    }
  }

  /** What is to be done of a stretch: not for files that have failed already. */
  #job(stretch: Stretch): StretchJob {
    const { contents } = this.#plan
    const writes = stretch.writes.filter((write) => !this.#hasFailed(contents.file(write)))
    return stretchJob(contents, { ...stretch, writes }, (file) => this.#fileToWrite(file))
  }

  /** What `use` makes of the bytes; undefined when the pack is missing or cut short. */
  async #fetch<T>(
    { pack, offset, length }: Stretch,
    { signal }: Cancellable,
    use: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.#fetcher.fetch(pack, length, { range: { offset, length }, signal }, use)
    } catch (error) {
      if (isLostData(error)) return undefined
      throw error
    }
  }

  /** Which blobs of the job are damaged. */
  async #runJob(
    { blobs, writes, files, planFiles }: StretchJob,
    pack: string,
    stretch: Uint8Array,
    { signal }: Cancellable,
  ): Promise<readonly number[]> {
    const { masterKey: key, runtime } = this.#from
    const input = { key, what: `pack ${pack}`, stretch, blobs, writes, files }
    const { damaged, failed } = await runtime.pool.run('restoreBlobs', input, { signal })
    for (const { file, error } of failed) {
      this.#progress.failed(this.#path(planFiles[file] as number), decodeJobError(error))
    }
    return damaged.map(({ blob }) => blob)
  }

  /** Does for a job that cannot run what it would have begun with. All its blobs are lost. */
  #makeFilesOfJob({ files, planFiles, copies }: StretchJob): readonly number[] {
    for (const [index, file] of planFiles.entries()) {
      if (files[index]?.isNew !== true) continue
      const { path, size } = this.#plan.files[file] as PlannedFile
      this.#progress.attempt(path, () => this.#target.createFile(path, size))
    }
    return [...copies.keys()]
  }

  /** The repository looks for a sound copy in other packs. Without one, the files are incomplete. */
  async #restoreOtherCopy(job: StretchJob, blob: number, options: Cancellable): Promise<void> {
    const id = toHex(job.blobs.ids, blob * 32, blob * 32 + 32) as BlobId
    let plaintext: Uint8Array | undefined
    let failure: Error | undefined
    try {
      plaintext = await this.#from.readBlob('data', id, options)
    } catch (error) {
      if (!isLostData(error)) throw error
      failure = error
    }
    for (const [row, writeBlob] of job.writes.blobs.entries()) {
      if (writeBlob !== blob) continue
      const file = fileOf(job, row)
      if (this.#hasFailed(file)) continue
      const path = this.#path(file)
      if (failure) {
        this.#lacking.add(file)
        this.#progress.failed(path, failure)
      }
      const position = job.writes.positions[row] as number
      if (plaintext) {
        const bytes = plaintext
        this.#hasContent[file] = 1
        this.#progress.attempt(path, () => this.#target.writeFile(path, bytes, position))
      }
    }
  }

  #countWrite(file: number, copy: number): void {
    const left = (this.#writesLeft[file] as number) - 1
    this.#writesLeft[file] = left
    if (this.#hasFailed(file)) return
    this.#progress.wroteBytes(this.#plan.contents.copies.length(copy))
    if (left === 0) this.#finish(this.#plan.files[file] as PlannedFile)
  }

  #finish({ action, path, size }: PlannedFile): void {
    const isUpdate = action === 'update' || action === 'renew'
    this.#progress.finished(path, isUpdate ? 'updated' : 'restored', size)
  }

  #fileToWrite(file: number): FileToWrite {
    const { path, size, action } = this.#plan.files[file] as PlannedFile
    const isSparse = this.#plan.sparse && action !== 'update'
    const isNew = this.#isMadeByJob(file)
    return { path: this.#target.filePath(path), isNew, isSparse, size }
  }

  /** A new file with one job alone to write it is made by that job. */
  #isMadeByJob(file: number): boolean {
    const { action } = this.#plan.files[file] as PlannedFile
    return action !== 'update' && this.#plan.contents.isWrittenAtOnce(file)
  }

  #path(file: number): string {
    return (this.#plan.files[file] as PlannedFile).path
  }

  #hasFailed(file: number): boolean {
    return this.#progress.hasFailed(this.#path(file))
  }
}

/** The number in the plan of the file that a write of the job is for. */
function fileOf({ planFiles, writes }: StretchJob, row: number): number {
  return planFiles[writes.files[row] as number] as number
}

/** Whether an error means that stored bytes are lost, rather than that they cannot be reached now. */
function isLostData(error: unknown): error is Error {
  return isResticError(error, 'CORRUPT', 'MISSING')
}
