import { sealFile } from '../../format/envelope.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import { formatIndexFile } from '../../format/index-writer.ts'
import { type MasterKey, ivLength } from '../../format/seal.ts'
import type { JobContext, JobRun } from '../pool.ts'

/** Writes the JSON of an index file and seals it. */
export interface SealIndex {
  readonly input: {
    readonly key: MasterKey
    readonly version: 1 | 2
    readonly columns: IndexColumns
    /** names the file in errors */
    readonly what: string
  }
  readonly part: never
  /** what is to be stored */
  readonly output: Uint8Array
}

// oxlint-disable-next-line require-yield -- the whole result comes at the end
export function* sealIndex(
  { key, version, columns, what }: SealIndex['input'],
  context: JobContext,
): JobRun<'sealIndex'> {
  const sealing = { key, version, iv: context.random(ivLength) }
  const value = sealFile(context.kernel, sealing, formatIndexFile(columns), what)
  return { value, transfer: [value.buffer as ArrayBuffer], leavesMuch: true }
}
