import { chunkLengthMax, chunkLengthMin } from './kernel.ts'

/** The places where the chunk that begins at `start` may end. */
export interface CutBounds {
  readonly first: number
  /** Below `first` when the data ends before the shortest chunk does. */
  readonly last: number
  /** Whether the chunk must end at `last` if it has not ended before. */
  readonly isLimit: boolean
}

/** @throws RangeError when `start` and `end` are not in `data` in this order */
export function cutBounds(data: Uint8Array, start: number, end: number): CutBounds {
  if (!(start >= 0 && start <= end && end <= data.length)) {
    throw new RangeError(`no chunk from ${start} to ${end} in ${data.length} bytes`)
  }
  const limit = start + chunkLengthMax
  return { first: start + chunkLengthMin, last: Math.min(end, limit), isLimit: end >= limit }
}
