import { type Cancellable, type Observed, anySignal } from '../../base/cancel.ts'
import type { IndexedRepository, Repository } from '../../repository/api.ts'
import { checkData } from './check-data.ts'
import { checkIndexFiles } from './check-index.ts'
import { type PackSizes, checkPacks } from './check-packs.ts'
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
 * Findings come as fast as they are taken: the reader's pace is the checker's. Open the session with
 * an empty cache or none, or the copies in the cache are checked instead of what the store has.
 */
export async function* check(
  repository: Repository,
  options: CheckOptions = {},
): AsyncGenerator<Finding, void> {
  const indexed = yield* checkIndexFiles(repository, options)
  if (indexed === undefined) return
  const sizes = yield* checkPacks(indexed, options)
  const { readData = false } = options
  if (readData === false) return yield* checkTrees(indexed, options)
  yield* checkTreesAndData(indexed, sizes, readData === true ? 'all' : readData, options)
}

/** Trees keep this thread busy and packs the others, so the packs do not wait for the trees. */
async function* checkTreesAndData(
  indexed: IndexedRepository,
  sizes: PackSizes,
  subset: 'all' | DataSubset,
  options: CheckOptions,
): AsyncGenerator<Finding, void> {
  const stop = new AbortController()
  const signal = anySignal(options.signal, stop.signal)
  const events = new HeldEvents(options.onEvent)
  const data = checkData(indexed, sizes, subset, {
    signal,
    onEvent: (event) => events.report(event),
  })
  // Goes on by itself as far as the first finding.
  const first = data.next()
  first.catch(() => undefined)
  try {
    yield* checkTrees(indexed, options)
    events.release()
    options.signal?.throwIfAborted()
    for (let next = await first; next.done !== true; next = await data.next()) yield next.value
  } finally {
    stop.abort(new DOMException('The findings are no longer read', 'AbortError'))
    await first.catch(() => undefined)
    await data.return()
  }
}

/** Progress of a stage that began before its turn: the last of it is told when the turn has come. */
class HeldEvents {
  readonly #onEvent: CheckOptions['onEvent']
  #isReleased = false
  #last: CheckEvent | undefined

  constructor(onEvent: CheckOptions['onEvent']) {
    this.#onEvent = onEvent
  }

  report(event: CheckEvent): void {
    if (this.#isReleased) this.#onEvent?.(event)
    else this.#last = event
  }

  release(): void {
    this.#isReleased = true
    if (this.#last) this.#onEvent?.(this.#last)
  }
}
