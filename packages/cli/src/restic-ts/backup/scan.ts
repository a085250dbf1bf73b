import type { Cancellable, Exclusion, SourceTree, Target } from 'restic-core'
import { joinPath } from 'restic-core'
import { readable } from './readable.ts'

/** The part of a source that tells what is there. */
export type Scanned = Pick<SourceTree, 'entry' | 'list'>

export interface ScanTotals {
  readonly files: number
  readonly bytes: number
}

interface ScanOptions extends Cancellable {
  readonly onTotals?: (totals: ScanTotals) => void
}

/** So long the scan may hold the thread before others get a turn. */
const turnMs = 10

/**
 * Counts what a backup of the targets will meet, for the progress it shows. What cannot be read is
 * left out here; the backup itself tells of it.
 */
export async function scan(
  source: Scanned,
  targets: readonly Target[],
  exclusion: Exclusion,
  { signal, onTotals }: ScanOptions,
): Promise<ScanTotals> {
  let totals: ScanTotals = { files: 0, bytes: 0 }
  let turnEnds = performance.now() + turnMs
  for (const size of fileSizes(source, targets, exclusion)) {
    if (size !== undefined) totals = { files: totals.files + 1, bytes: totals.bytes + size }
    if (performance.now() < turnEnds) continue
    onTotals?.(totals)
    await nextTurn()
    signal?.throwIfAborted()
    turnEnds = performance.now() + turnMs
  }
  onTotals?.(totals)
  return totals
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** The size of each file; undefined for all else that is met, so that there is a place to stop at. */
function* fileSizes(
  source: Scanned,
  targets: readonly Target[],
  exclusion: Exclusion,
): Generator<number | undefined, void> {
  for (const { source: path, children } of targets) {
    if (children === undefined) yield* sizesBelow(source, path, exclusion)
    else yield* fileSizes(source, children, exclusion)
  }
}

function* sizesBelow(
  source: Scanned,
  path: string,
  exclusion: Exclusion,
): Generator<number | undefined, void> {
  const isExcluded = exclusion.byPath?.(path) === true
  const entry = isExcluded ? undefined : readable(() => source.entry(path))
  const isLeftOut = entry === undefined || exclusion.byEntry?.(path, entry) === true
  yield !isLeftOut && entry.type === 'file' ? entry.size : undefined
  if (isLeftOut || entry.type !== 'dir') return
  const names = readable(() => source.list(path)) ?? []
  const only = exclusion.onlyEntry?.(path, names)
  for (const name of only === undefined ? names : [only]) {
    yield* sizesBelow(source, joinPath(path, name), exclusion)
  }
}
