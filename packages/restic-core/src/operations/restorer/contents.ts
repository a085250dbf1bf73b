import type { Cancellable } from '../../base/cancel.ts'
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
const fetchedMax: number = 48 * MiB

/** Writes the content of all files of the plan. */
export async function restoreContents(
  from: IndexedRepository,
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  { signal }: Cancellable,
): Promise<void> {
  const restorer = new ContentRestorer(from, plan, target, progress)
  await restorer.prepareFiles({ signal })
  // While some stretches are worked on, others are fetched; the store limits requests itself.
  const limit = from.connections + from.runtime.pool.size
  const memory = new Budget(fetchedMax)
  await eachLimited(
    plan.contents.stretches(),
    limit,
    async (stretch, stop) => {
      await memory.take(stretch.length, { signal: stop })
      try {
        await restorer.restore(stretch, { signal: stop })
      } finally {
        memory.give(stretch.length)
      }
    },
    { signal },
  )
}

class ContentRestorer {
  readonly #from: IndexedRepository
  readonly #plan: RestorePlan
  readonly #target: TargetTree
  readonly #progress: RestoreProgress
  readonly #writesLeft: Uint32Array
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
    this.#fetcher = new PackFetcher(from)
  }

  /** Clears the way for every file, and makes those that no single job can make. */
  async prepareFiles(options: Cancellable): Promise<void> {
    const turns = new Turns(options)
    for (const [index, file] of this.#plan.files.entries()) {
      const { action, path, size } = file
      this.#progress.attempt(path, () => {
        if (action === 'replace') clearPlace(this.#plan, this.#target, path)
        if (action === 'update') this.#target.prepareFile(path, size)
        else if (!this.#isMadeByJob(index)) this.#target.createFile(path, size)
        if (this.#writesLeft[index] === 0) this.#finish(file)
      })
      await turns.pause()
    }
  }

  async restore(stretch: Stretch, options: Cancellable): Promise<void> {
    const { contents } = this.#plan
    const writes = stretch.writes.filter((write) => !this.#hasFailed(contents.file(write)))
    if (writes.length === 0) return
    const job = stretchJob(contents, { ...stretch, writes }, (file) => this.#fileToWrite(file))
    const lost = (await this.#runJob(job, stretch, options)) ?? this.#makeFilesOfJob(job)
    const damaged = new Set(lost)
    for (const blob of damaged) await this.#restoreOtherCopy(job, blob, options)
    for (const write of writes) this.#countWrite(contents.file(write), contents.copy(write))
  }

  /**
   * Which blobs of the job are damaged; undefined when it could not run because the pack is missing or
   * cut short.
   */
  async #runJob(
    { blobs, writes, files, planFiles }: StretchJob,
    { pack, offset, length }: Stretch,
    { signal }: Cancellable,
  ): Promise<readonly number[] | undefined> {
    const { masterKey: key, runtime } = this.#from
    const what = `pack ${shortId(pack)}`
    const options = { range: { offset, length }, signal }
    const run = (stretch: Uint8Array) =>
      runtime.pool.run('restoreBlobs', { key, what, stretch, blobs, writes, files }, { signal })
    try {
      const { damaged, failed } = await this.#fetcher.fetch(pack, length, options, run)
      for (const { file, error } of failed) {
        this.#progress.failed(this.#path(planFiles[file] as number), decodeJobError(error))
      }
      return damaged.map(({ blob }) => blob)
    } catch (error) {
      if (isLostData(error)) return undefined
      throw error
    }
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
      const file = job.planFiles[job.writes.files[row] as number] as number
      if (this.#hasFailed(file)) continue
      const path = this.#path(file)
      if (failure) this.#progress.failed(path, failure)
      const position = job.writes.positions[row] as number
      if (plaintext) {
        const bytes = plaintext
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
    this.#progress.finished(path, action === 'update' ? 'updated' : 'restored', size)
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

/** Whether an error means that stored bytes are lost, rather than that they cannot be reached now. */
function isLostData(error: unknown): error is Error {
  return isResticError(error, 'CORRUPT', 'MISSING')
}
