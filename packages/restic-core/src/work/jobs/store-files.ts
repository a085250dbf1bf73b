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
  const buffer = context.kernel.scratch(chunkLengthMax)
  const chunker = context.kernel.chunker(polynomial)
  const ids: Uint8Array[] = []
  let size = 0
  let held = 0
  for (;;) {
    const wanted = buffer.subarray(held, chunkLengthMax)
    const read = file.read(wanted, size + held)
    const atEnd = read < wanted.length
    held += read
    if (held === 0) break
    const length = chunker.cut(buffer, 0, held) || held
    ids.push(sealer.add(buffer.subarray(0, length)))
    yield* sealer.parts()
    buffer.copyWithin(0, length, held)
    held -= length
    size += length
    if (atEnd && held === 0) break
  }
  return { content: concatBytes(ids), size }
}
