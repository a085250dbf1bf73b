import { isResticError } from '../../base/errors.ts'
import { type JobError, encodeJobError } from '../job-error.ts'
import type { JobContext, JobRun } from '../pool.ts'

/** Which blobs of files are in their places already. */
export interface CompareFiles {
  readonly input: { readonly files: readonly FileToCompare[] }
  readonly part: never
  /** one for each file, in order */
  readonly output: readonly ComparedFile[]
}

export interface FileToCompare {
  readonly path: string
  /** 32 bytes each */
  readonly ids: Uint8Array
  /** plaintext bytes of each blob */
  readonly lengths: readonly number[]
}

export type ComparedFile =
  | {
      /** what the file has now, bytes */
      readonly size: number
      /** for each blob 1 when the file has it at its place */
      readonly matches: Uint8Array
    }
  | { readonly error: JobError }

export function* compareFiles(
  { files }: CompareFiles['input'],
  context: JobContext,
): JobRun<'compareFiles'> {
  const value: ComparedFile[] = []
  for (const file of files) {
    try {
      value.push(yield* compare(file, context))
    } catch (error) {
      if (!isResticError(error, 'SOURCE')) throw error
      value.push({ error: encodeJobError(error) })
    }
  }
  return { value }
}

function* compare(
  { path, ids, lengths }: FileToCompare,
  { kernel, files }: JobContext,
): Generator<undefined, ComparedFile> {
  const lengthMax = lengths.reduce((max, length) => Math.max(max, length), 1)
  const matches = new Uint8Array(lengths.length)
  const file = files.openForReading(path)
  try {
    const { size } = file.state()
    let position = 0
    for (const [blob, length] of lengths.entries()) {
      if (position + length > size) break
      const buffer = kernel.scratch(lengthMax)
      const bytes = buffer.subarray(0, file.read(buffer.subarray(0, length), position))
      const matchesId = bytes.length === length && holds(ids, blob * 32, kernel.sha256(bytes))
      matches[blob] = matchesId ? 1 : 0
      position += length
      // A place to stop at. Whoever uses the thread in between may use the scratch memory too.
      yield undefined
    }
    return { size, matches }
  } finally {
    file.close()
  }
}

function holds(ids: Uint8Array, at: number, id: Uint8Array): boolean {
  for (let byte = 0; byte < 32; byte++) if (ids[at + byte] !== id[byte]) return false
  return true
}
