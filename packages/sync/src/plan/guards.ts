import { type Entries, fileCount, totalSize } from '../tree/entry.ts'

/** A state that looks like an accident: an unmounted disk, a fresh install, a wiped folder. */
export interface Alarm {
  readonly kind: 'emptied' | 'mass-deletion' | 'shrunk'
  /** files before and after */
  readonly filesBefore: number
  readonly filesAfter: number
  /** bytes before and after */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Fewer files than this may go without a question. */
const filesMin = 10
/** Less than this is not worth a question: options and a few settings. */
const bytesMin = 256 * 1024
/** A loss of more than this part is a question. */
const lossRatioMax = 0.5
const shrinkRatioMin = 0.1

/**
 * Whether what is here may be pushed as the successor of the base.
 *
 * Deleting a world in the game is an ordinary thing, so units that are gone as a whole do not count
 * as a loss, as long as another unit is still there.
 */
export function findAlarm(
  base: Entries,
  here: Entries,
  unitOf: (path: string) => string | undefined,
): Alarm | undefined {
  const filesBefore = fileCount(base)
  const filesAfter = fileCount(here)
  if (filesBefore === 0) return undefined
  const sizes = {
    filesBefore,
    filesAfter,
    bytesBefore: totalSize(base),
    bytesAfter: totalSize(here),
  }
  if (filesAfter === 0) return { kind: 'emptied', ...sizes }

  const deliberate = deletedUnits(base, here, unitOf)
  const counted = new Map([...base].filter(([path]) => !deliberate.has(unitOf(path) ?? '')))
  const lost = [...counted.keys()].filter((path) => !here.has(path)).length
  if (lost >= filesMin && lost > lossRatioMax * fileCount(counted)) {
    return { kind: 'mass-deletion', ...sizes }
  }
  const bytes = totalSize(counted)
  if (bytes >= bytesMin && sizes.bytesAfter < shrinkRatioMin * bytes) {
    return { kind: 'shrunk', ...sizes }
  }
  return undefined
}

function deletedUnits(
  base: Entries,
  here: Entries,
  unitOf: (path: string) => string | undefined,
): ReadonlySet<string> {
  const unitsHere = new Set([...here.keys()].map(unitOf))
  const unitsBefore = new Set([...base.keys()].map(unitOf))
  const isAnyLeft = [...unitsBefore].some((unit) => unit !== undefined && unitsHere.has(unit))
  const gone = [...unitsBefore].filter((unit) => unit !== undefined && !unitsHere.has(unit))
  return new Set(isAnyLeft ? (gone as string[]) : [])
}

export function describeAlarm({ kind, filesBefore, filesAfter }: Alarm): string {
  if (kind === 'emptied') {
    return `the folder is empty, and ${filesBefore} files were in it at the last sync`
  }
  if (kind === 'mass-deletion') {
    return `most files are gone: ${filesAfter} are here, ${filesBefore} were at the last sync`
  }
  return 'the files here are much smaller than at the last sync'
}
