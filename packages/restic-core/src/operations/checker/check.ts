import type { Cancellable, Observed } from '../../base/cancel.ts'
import type { Repository } from '../../repository/api.ts'
import { checkData } from './check-data.ts'
import { checkIndexFiles } from './check-index.ts'
import { checkPacks } from './check-packs.ts'
import { checkTrees } from './check-trees.ts'
import type { CheckEvent, Finding } from './findings.ts'
import type { DataSubset } from './subset.ts'

export interface CheckOptions extends Cancellable, Observed<CheckEvent> {
  /** Read all packs, or some of them, and check every byte. Without it damage inside packs is not seen. */
  readonly readData?: boolean | DataSubset | undefined
}

/**
 * Looks for everything that would keep a snapshot from being restored. Each stage relies on the one
 * before it, so an index that cannot be read ends the check.
 *
 * Findings come as fast as they are taken: the reader's pace is the checker's. Open the session
 * without a cache, or the copies in the cache are checked instead of what the store has.
 */
export async function* check(
  repository: Repository,
  options: CheckOptions = {},
): AsyncGenerator<Finding, void> {
  const indexed = yield* checkIndexFiles(repository, options)
  if (indexed === undefined) return
  const sizes = yield* checkPacks(indexed, options)
  yield* checkTrees(indexed, options)
  const { readData = false } = options
  if (readData === false) return
  yield* checkData(indexed, sizes, readData === true ? 'all' : readData, options)
}
