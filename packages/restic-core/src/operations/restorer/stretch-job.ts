import type {
  FileToWrite,
  RestoreBlobs,
  StretchBlobs,
  StretchWrites,
} from '../../work/jobs/restore-blobs.ts'
import type { ContentPlan, Stretch } from './content-plan.ts'

export type StretchJob = Pick<RestoreBlobs['input'], 'blobs' | 'writes' | 'files'> & {
  /** The numbers that the plan has for `blobs` and for `files`. */
  readonly copies: readonly number[]
  readonly planFiles: readonly number[]
}

/** The columns of a job, from the writes of a stretch. */
export function stretchJob(
  contents: ContentPlan,
  stretch: Stretch,
  fileToWrite: (file: number) => FileToWrite,
): StretchJob {
  const copies: number[] = []
  const files = new Map<number, number>()
  const writes: StretchWrites = {
    blobs: new Uint32Array(stretch.writes.length),
    files: new Uint32Array(stretch.writes.length),
    positions: new Float64Array(stretch.writes.length),
  }
  for (const [row, write] of stretch.writes.entries()) {
    const copy = contents.copy(write)
    // The writes of one blob follow each other.
    if (copies.at(-1) !== copy) copies.push(copy)
    const file = files.get(contents.file(write)) ?? files.size
    files.set(contents.file(write), file)
    writes.blobs[row] = copies.length - 1
    writes.files[row] = file
    writes.positions[row] = contents.position(write)
  }
  const planFiles = [...files.keys()]
  const blobs = blobColumns(contents, copies, stretch.offset)
  return { copies, planFiles, blobs, writes, files: planFiles.map(fileToWrite) }
}

function blobColumns(
  contents: ContentPlan,
  copies: readonly number[],
  stretchOffset: number,
): StretchBlobs {
  const blobs: StretchBlobs = {
    ids: new Uint8Array(copies.length * 32),
    offsets: new Uint32Array(copies.length),
    lengths: new Uint32Array(copies.length),
    uncompressedLengths: new Uint32Array(copies.length),
  }
  for (const [blob, copy] of copies.entries()) {
    const { offset, length, uncompressedLength } = contents.copies.row(copy)
    blobs.ids.set(contents.copies.id(copy), blob * 32)
    blobs.offsets[blob] = offset - stretchOffset
    blobs.lengths[blob] = length
    blobs.uncompressedLengths[blob] = uncompressedLength
  }
  return blobs
}
