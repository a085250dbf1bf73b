import { type UtcOffset, parseZoneRule } from './zone-rule.ts'

const headerLength = 44
const magic = 'TZif'

/** The part of a zone file that says when which offset holds. */
interface Changes {
  /** seconds since 1970, in order */
  readonly instants: readonly number[]
  /** the type that holds from each instant on */
  readonly types: Uint8Array
  /** by type */
  readonly offsets: readonly number[]
  readonly isSummer: readonly boolean[]
}

/**
 * A file of the system's time zones:
 *
 *     offset  size  field
 *          0     4  "TZif"
 *          4     1  version: 0, or "2" and up, where a second header and 64-bit data follow the first
 *         20     4  each: counts of UT flags, standard flags, leap seconds, changes, types, characters
 *         44     n  instants of changes, 4 bytes each, or 8; a type for each, 1 byte
 *                6  for each type: offset from UTC, 4 bytes, whether it is summer time, 1, name, 1
 *                   names, leap seconds, flags; from version 2 a rule between line ends for later times
 *
 * Integers are big-endian. What holds before the first change is chosen as Go does it, which is how
 * restic reads these files.
 *
 * Source: RFC 9636, and Go's `LoadLocationFromTZData`.
 *
 * @returns undefined when it is not such a file, or damaged
 */
export function parseZoneFile(bytes: Uint8Array): UtcOffset | undefined {
  try {
    return zoneOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  } catch (error) {
    // A count that reaches beyond the end.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function zoneOf(view: DataView): UtcOffset | undefined {
  if (textAt(view, 0, magic.length) !== magic) return undefined
  if (view.getUint8(4) === 0) return offsetsOf(changesAt(view, 0, 4), undefined)
  const second = dataEnd(view, 0, 4)
  const end = dataEnd(view, second, 8)
  const rule = textAt(view, end, view.byteLength - end).split('\n')[1] ?? ''
  return offsetsOf(changesAt(view, second, 8), parseZoneRule(rule))
}

/** Where the data behind a header ends, whose instants have `width` bytes. */
function dataEnd(view: DataView, header: number, width: number): number {
  const { utFlags, standardFlags, leapSeconds, changes, types, characters } = countsAt(view, header)
  return (
    header +
    headerLength +
    changes * (width + 1) +
    types * 6 +
    characters +
    leapSeconds * (width + 4) +
    standardFlags +
    utFlags
  )
}

function countsAt(view: DataView, header: number) {
  const count = (index: number): number => view.getUint32(header + 20 + index * 4)
  return {
    utFlags: count(0),
    standardFlags: count(1),
    leapSeconds: count(2),
    changes: count(3),
    types: count(4),
    characters: count(5),
  }
}

function changesAt(view: DataView, header: number, width: number): Changes {
  const counts = countsAt(view, header)
  const instantsAt = header + headerLength
  const typesAt = instantsAt + counts.changes * width
  const instants = Array.from({ length: counts.changes }, (_, index) =>
    width === 4
      ? view.getInt32(instantsAt + index * 4)
      : Number(view.getBigInt64(instantsAt + index * 8)),
  )
  const types = Uint8Array.from(instants, (_, index) => view.getUint8(typesAt + index))
  const zoneAt = (type: number): number => typesAt + counts.changes + type * 6
  const all = Array.from({ length: counts.types }, (_, type) => type)
  return {
    instants,
    types,
    offsets: all.map((type) => view.getInt32(zoneAt(type))),
    isSummer: all.map((type) => view.getUint8(zoneAt(type) + 4) !== 0),
  }
}

function offsetsOf(changes: Changes, rule: UtcOffset | undefined): UtcOffset | undefined {
  const { instants, types, offsets } = changes
  if (offsets.length === 0 || types.some((type) => type >= offsets.length)) return undefined
  const offsetOf = (type: number | undefined): number => offsets[type ?? 0] ?? 0
  const before = offsetOf(typeBefore(changes))
  // Without any change the rule holds always.
  const lastChange = instants.at(-1) ?? Number.NEGATIVE_INFINITY
  return (epochSeconds) => {
    if (rule !== undefined && epochSeconds >= lastChange) return rule(epochSeconds)
    const index = lastUpTo(instants, epochSeconds)
    return index < 0 ? before : offsetOf(types[index])
  }
}

/** The type before the first change: one that no change leads to, else the nearest without summer time. */
function typeBefore({ types, isSummer }: Changes): number {
  if (!types.includes(0)) return 0
  const first = types[0] ?? 0
  if (types.length > 0 && isSummer[first]) {
    const nearest = isSummer.slice(0, first).lastIndexOf(false)
    if (nearest >= 0) return nearest
  }
  return Math.max(0, isSummer.indexOf(false))
}

/** The index of the last of `sorted` that is no more than `value`, or -1. */
function lastUpTo(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

function textAt(view: DataView, offset: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + offset, length))
}
