import { chunkLengthMax } from '../../kernel/kernel.ts'
import type { FileState } from '../files.ts'
import type { JobContext, JobRun } from '../pool.ts'

/**
 * Finds where a large file is cut, a stretch at a time, so that several threads can then store its
 * chunks. A chunk's cut depends on nothing before the chunk, so a stretch starts where the last
 * one ended.
 */
export interface CutFile {
  readonly input: {
    readonly path: string
    readonly polynomial: bigint
    /** where a chunk starts */
    readonly start: number
    /** stop after the chunk that reaches this many bytes */
    readonly lengthWanted: number
  }
  readonly part: never
  readonly output: {
    /** of the chunks from `start` on, bytes */
    readonly lengths: readonly number[]
    /** whether the last chunk is the end of the file */
    readonly atEnd: boolean
    readonly state: FileState
  }
}

/** How much is read at once. A chunk that starts in it may need `chunkLengthMax` more. */
const readLength = 2 * chunkLengthMax

export function* cutFile(input: CutFile['input'], context: JobContext): JobRun<'cutFile'> {
  const { path, polynomial, lengthWanted } = input
  const buffer = context.kernel.scratch(readLength)
  const chunker = context.kernel.chunker(polynomial)
  const file = context.files.openForReading(path)
  const lengths: number[] = []
  let position = input.start
  let from = 0
  let held = 0
  let atEnd = false
  let found = 0
  try {
    while (found < lengthWanted) {
      if (!atEnd && held - from < chunkLengthMax) {
        buffer.copyWithin(0, from, held)
        held -= from
        from = 0
        const wanted = buffer.subarray(held, readLength)
        const read = file.read(wanted, position + held)
        atEnd = read < wanted.length
        held += read
      }
      if (from === held) break
      const length = chunker.cut(buffer, from, held) || held - from
      lengths.push(length)
      found += length
      from += length
      position += length
      if (lengths.length % 16 === 0) yield undefined
    }
    return { value: { lengths, atEnd: atEnd && from === held, state: file.state() } }
  } finally {
    file.close()
  }
}
