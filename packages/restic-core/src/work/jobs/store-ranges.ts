import { concatBytes } from '../../base/bytes.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import type { FileState } from '../files.ts'
import type { JobContext, JobRun } from '../pool.ts'
import { BlobSealer } from './blob-sealer.ts'
import type { SealedBlobs, StoreSettings } from './store-settings.ts'

/** Seals the chunks of a stretch of a large file, which cutFile has found. */
export interface StoreRanges {
  readonly input: {
    readonly settings: StoreSettings
    readonly path: string
    readonly start: number
    readonly lengths: readonly number[]
  }
  readonly part: SealedBlobs
  readonly output: {
    /** 32 bytes a blob */
    readonly content: Uint8Array
    /** bytes read, which may differ from what the directory said */
    readonly size: number
    readonly state: FileState
    /** whether the file ended before the last of the chunks did */
    readonly cutShort: boolean
  }
}

export function* storeRanges(
  { settings, path, start, lengths }: StoreRanges['input'],
  context: JobContext,
): JobRun<'storeRanges'> {
  const sealer = new BlobSealer(context, settings)
  const buffer = context.kernel.scratch(chunkLengthMax)
  const file = context.files.openForReading(path)
  const ids: Uint8Array[] = []
  let size = 0
  let cutShort = false
  try {
    for (const length of lengths) {
      const read = file.read(buffer.subarray(0, length), start + size)
      if (read > 0) ids.push(sealer.add(buffer.subarray(0, read)))
      size += read
      cutShort = read < length
      if (cutShort) break
      yield* sealer.parts()
    }
    yield* sealer.flush()
    return { value: { content: concatBytes(ids), size, state: file.state(), cutShort } }
  } catch (error) {
    // Other files rely on the blobs that this job has claimed, also when it cannot go on.
    yield* sealer.flush()
    throw error
  } finally {
    file.close()
  }
}
