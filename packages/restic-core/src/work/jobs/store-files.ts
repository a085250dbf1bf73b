import { concatBytes } from '../../base/bytes.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import { type JobError, encodeJobError } from '../job-error.ts'
import { isResticError } from '../../base/errors.ts'
import type { FileState, ReadableFile } from '../files.ts'
import type { JobContext, JobPart, JobRun } from '../pool.ts'
import { BlobSealer } from './blob-sealer.ts'
import type { SealedBlobs, StoreSettings, StoredContent } from './store-settings.ts'

export type StoredFile =
  | (StoredContent & { readonly before: FileState; readonly after: FileState })
  | { readonly error: JobError }

/** Reads whole files, cuts them and seals the blobs that are new. */
export interface StoreFiles {
  readonly input: { readonly settings: StoreSettings; readonly paths: readonly string[] }
  readonly part: SealedBlobs
  /** one for each path, in order */
  readonly output: readonly StoredFile[]
}

export function* storeFiles(
  { settings, paths }: StoreFiles['input'],
  context: JobContext,
): JobRun<'storeFiles'> {
  const sealer = new BlobSealer(context, settings)
  const value: StoredFile[] = []
  for (const path of paths) {
    let file: ReadableFile
    try {
      file = context.files.openForReading(path)
    } catch (error) {
      value.push(unreadable(error))
      continue
    }
    try {
      const before = file.state()
      const content = yield* storeContent(file, sealer, context, settings.polynomial)
      value.push({ ...content, before, after: file.state() })
    } catch (error) {
      value.push(unreadable(error))
    } finally {
      file.close()
    }
  }
  yield* sealer.flush()
  return { value }
}

/** Twice the longest chunk, so that what is left of one read is seldom moved to make room for the next. */
const bufferLength = 2 * chunkLengthMax

/** Only a file that cannot be read is a result; anything else is a failure of the job. */
function unreadable(error: unknown): StoredFile {
  if (!isResticError(error, 'SOURCE')) throw error
  return { error: encodeJobError(error) }
}

function* storeContent(
  file: ReadableFile,
  sealer: BlobSealer,
  context: JobContext,
  polynomial: bigint,
): Generator<JobPart<SealedBlobs>, StoredContent> {
  const buffer = context.kernel.scratch(bufferLength)
  const chunker = context.kernel.chunker(polynomial)
  const ids: Uint8Array[] = []
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
    if (from === held) return { content: concatBytes(ids), size }
    const length = chunker.cut(buffer, from, held) || held - from
    ids.push(sealer.add(buffer.subarray(from, from + length)))
    yield* sealer.parts()
    from += length
    size += length
  }
}
