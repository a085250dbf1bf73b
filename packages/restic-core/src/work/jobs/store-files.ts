import { concatBytes } from '../../base/bytes.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import { type JobError, encodeJobError } from '../job-error.ts'
import { isResticError } from '../../base/errors.ts'
import { type ReadableFile, isWhole, sameState } from '../files.ts'
import type { JobContext, JobPart, JobRun } from '../pool.ts'
import { BlobSealer } from './blob-sealer.ts'
import type { SealedBlobs, StoreSettings } from './store-settings.ts'

/**
 * What became of the files of a batch, in their order and in columns: an object for each takes long
 * to send to another thread.
 */
export interface StoredFiles {
  /** 32 bytes a blob, first those of the first file */
  readonly content: Uint8Array
  /** how many blobs each file has */
  readonly blobCounts: Uint32Array
  /** bytes read of each, which may differ from what the directory said */
  readonly sizes: Float64Array
  /** 1 where the file did not change while it was read */
  readonly stable: Uint8Array
  /** why a file could not be read, by its place; it has no blobs */
  readonly errors: ReadonlyMap<number, JobError>
}

/** Reads whole files, cuts them and seals the blobs that are new. */
export interface StoreFiles {
  readonly input: { readonly settings: StoreSettings; readonly paths: readonly string[] }
  readonly part: SealedBlobs
  readonly output: StoredFiles
}

export function* storeFiles(
  { settings, paths }: StoreFiles['input'],
  context: JobContext,
): JobRun<'storeFiles'> {
  const sealer = new BlobSealer(context, settings)
  const ids: Uint8Array[] = []
  const blobCounts = new Uint32Array(paths.length)
  const sizes = new Float64Array(paths.length)
  const stable = new Uint8Array(paths.length)
  const errors = new Map<number, JobError>()
  for (const [at, path] of paths.entries()) {
    const start = ids.length
    let file: ReadableFile | undefined
    try {
      file = context.files.openForReading(path)
      const before = file.state()
      const size = yield* storeContent(file, ids, sealer, context, settings.polynomial)
      const isStable = sameState(before, file.state()) && isWhole(size, before.size)
      blobCounts[at] = ids.length - start
      sizes[at] = size
      stable[at] = isStable ? 1 : 0
    } catch (error) {
      // Only a file that cannot be read is a result; anything else is a failure of the job.
      if (!isResticError(error, 'SOURCE')) throw error
      ids.length = start
      errors.set(at, encodeJobError(error))
    } finally {
      file?.close()
    }
  }
  yield* sealer.flush()
  return { value: { content: concatBytes(ids), blobCounts, sizes, stable, errors } }
}

/** Twice the longest chunk, so that what is left of one read is seldom moved to make room for the next. */
const bufferLength = 2 * chunkLengthMax

/** Adds the ids of the file's blobs to `ids`. @returns bytes read */
function* storeContent(
  file: ReadableFile,
  ids: Uint8Array[],
  sealer: BlobSealer,
  context: JobContext,
  polynomial: bigint,
): Generator<JobPart<SealedBlobs>, number> {
  const buffer = context.kernel.scratch(bufferLength)
  const chunker = context.kernel.chunker(polynomial)
  let size = 0
  let from = 0
  let held = 0
  for (let atEnd = false; ;) {
    if (!atEnd && held - from < chunkLengthMax) {
      buffer.copyWithin(0, from, held)
      held -= from
      from = 0
      const wanted = buffer.subarray(held, bufferLength)
      const read = file.read(wanted, size + held)
      atEnd = read < wanted.length
      held += read
    }
    if (from === held) return size
    const length = chunker.cut(buffer, from, held) || held - from
    ids.push(sealer.add(buffer.subarray(from, from + length)))
    yield* sealer.parts()
    from += length
    size += length
  }
}
