import { MiB } from '../../base/bytes.ts'
import type { ByteRange } from '../../backend/backend.ts'

/** Bytes between two wanted blobs that are cheaper to fetch than to ask a second time. */
const gapMax: number = MiB
/** A joined range ends before it gets longer than this, so that memory stays bounded. */
const lengthMax: number = 32 * MiB

export interface JoinedRange<Part extends ByteRange> extends ByteRange {
  /** in order of offset */
  readonly parts: readonly Part[]
}

/**
 * Joins parts of one pack into few ranges, as restic does: gaps of at most 1 MiB are fetched along,
 * up to 32 MiB in one range. A longer part makes a range of its own.
 */
export function joinRanges<Part extends ByteRange>(
  parts: Iterable<Part>,
): readonly JoinedRange<Part>[] {
  const joined: { offset: number; end: number; parts: Part[] }[] = []
  for (const part of [...parts].toSorted((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1)
    const end = Math.max(last?.end ?? 0, part.offset + part.length)
    if (last && part.offset - last.end <= gapMax && end - last.offset <= lengthMax) {
      last.end = end
      last.parts.push(part)
    } else {
      joined.push({ offset: part.offset, end: part.offset + part.length, parts: [part] })
    }
  }
  return joined.map(({ offset, end, parts: members }) => ({
    offset,
    length: end - offset,
    parts: members,
  }))
}
