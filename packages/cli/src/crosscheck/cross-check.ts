import {
  type Cancellable,
  type Finding,
  type IndexedRepository,
  type Observed,
  type Repository,
  type StoredSnapshot,
  check,
  isResticError,
} from 'restic-core'
import { type ContentCounts, compareContents } from './compare-contents.ts'
import { type EntryCounts, compareEntries } from './compare-entries.ts'
import { compareSnapshots, ourSnapshots } from './compare-snapshots.ts'
import type { Difference } from './difference.ts'
import { ResticFailure, type ResticProgram } from './restic-program.ts'

export type CrossCheckEvent =
  | { readonly type: 'step'; readonly text: string }
  | { readonly type: 'difference'; readonly difference: Difference }
  | { readonly type: 'finding'; readonly finding: Finding }

type Verdict = 'clean' | 'damaged'

/** What both sides found, and how often they did not agree. */
export interface CrossCheckResult {
  /** undefined when there was no restic to compare with */
  readonly resticVersion: string | undefined
  readonly snapshots: { readonly ours: number; readonly restic: number }
  /** trees at the root of snapshots; the same tree is compared once */
  readonly trees: number
  readonly entries: Readonly<EntryCounts>
  readonly files: Readonly<ContentCounts>
  readonly check: { readonly ours: Verdict; readonly restic: Verdict | undefined }
  readonly differences: Readonly<Record<Difference['subject'], number>>
  /** Both agree and nothing is damaged. */
  readonly isSound: boolean
}

interface CrossCheckOptions extends Cancellable, Observed<CrossCheckEvent> {
  /** Without it this is our own verification alone. */
  readonly restic?: ResticProgram | undefined
  /** Whether to look into the snapshot. The list of snapshots is compared as a whole. */
  readonly select?: ((snapshot: StoredSnapshot) => boolean) | undefined
}

/**
 * Reads a repository with our code and with restic, and compares what they find: snapshots, then
 * the entries and contents of each tree, then the verdicts of `check --read-data`.
 *
 * Both sides are streams that are read side by side, so that memory does not follow the repository;
 * only the list of snapshots is held.
 */
export async function crossCheck(
  repository: Repository,
  options: CrossCheckOptions,
): Promise<CrossCheckResult> {
  const run = new CrossCheck(repository, options)
  return run.run()
}

class CrossCheck {
  readonly #repository: Repository
  readonly #options: CrossCheckOptions
  readonly #entries: EntryCounts = { ours: 0, restic: 0 }
  readonly #files: ContentCounts = { ours: 0, restic: 0, bytes: 0 }
  readonly #differences = { snapshot: 0, entry: 0, content: 0, check: 0 }

  constructor(repository: Repository, options: CrossCheckOptions) {
    this.#repository = repository
    this.#options = options
  }

  async run(): Promise<CrossCheckResult> {
    const { restic, signal, select = () => true } = this.#options
    this.#step('compare the lists of snapshots')
    const onDamaged = (id: string, error: Error): void =>
      this.#differ({ ...aboutSnapshot(id), ours: error.message, restic: '' })
    const snapshots = await ourSnapshots(this.#repository, onDamaged, { signal })
    const theirs = await this.#compareSnapshots(snapshots)
    const trees = new Map(snapshots.filter(select).map((snapshot) => [snapshot.tree, snapshot]))
    if (restic !== undefined) await this.#compareTrees([...trees.values()], restic)
    const ourVerdict = await this.#ourCheck()
    const theirVerdict = await this.#theirCheck(ourVerdict)
    return {
      resticVersion: restic?.version,
      snapshots: { ours: snapshots.length, restic: theirs },
      trees: trees.size,
      entries: this.#entries,
      files: this.#files,
      check: { ours: ourVerdict, restic: theirVerdict },
      differences: this.#differences,
      isSound:
        ourVerdict === 'clean' && Object.values(this.#differences).every((count) => count === 0),
    }
  }

  async #compareSnapshots(snapshots: readonly StoredSnapshot[]): Promise<number> {
    const { restic, signal } = this.#options
    if (restic === undefined) return 0
    const { count, differences } = await compareSnapshots(snapshots, restic, { signal })
    for (const difference of differences) this.#differ(difference)
    return count
  }

  async #compareTrees(snapshots: readonly StoredSnapshot[], restic: ResticProgram): Promise<void> {
    const { signal } = this.#options
    const indexed = await this.#repository.loadIndex({ signal })
    for (const [at, snapshot] of snapshots.entries()) {
      const name = `snapshot ${snapshot.id.slice(0, 8)} (${at + 1} of ${snapshots.length})`
      this.#step(`compare the entries of ${name}`)
      await this.#collect(
        'entry',
        snapshot,
        compareEntries(indexed, snapshot, restic, this.#entries, { signal }),
      )
      this.#step(`compare the contents of ${name}`)
      await this.#collect('content', snapshot, this.#contents(indexed, snapshot, restic))
    }
  }

  #contents(
    indexed: IndexedRepository,
    snapshot: StoredSnapshot,
    restic: ResticProgram,
  ): AsyncIterable<Difference> {
    const { signal } = this.#options
    return compareContents(indexed, snapshot, restic, this.#files, { signal })
  }

  /** One side that cannot go on ends the comparison of this snapshot; the next one begins anew. */
  async #collect(
    subject: 'entry' | 'content',
    snapshot: StoredSnapshot,
    differences: AsyncIterable<Difference>,
  ): Promise<void> {
    try {
      for await (const difference of differences) this.#differ(difference)
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      const isOurs = isResticError(error, 'CORRUPT', 'MISSING')
      if (!isOurs && !isFailureOfRestic(error)) throw error
      const told = { ...aboutSnapshot(snapshot.id), subject }
      this.#differ({
        ...told,
        ours: isOurs ? error.message : '',
        restic: isOurs ? '' : messageOf(error),
      })
    }
  }

  async #ourCheck(): Promise<Verdict> {
    this.#step('check --read-data with our own code')
    const { signal } = this.#options
    let verdict: Verdict = 'clean'
    for await (const finding of check(this.#repository, { readData: true, signal })) {
      this.#options.onEvent?.({ type: 'finding', finding })
      if (finding.severity === 'error') verdict = 'damaged'
    }
    return verdict
  }

  async #theirCheck(ours: Verdict): Promise<Verdict | undefined> {
    const { restic, signal } = this.#options
    if (restic === undefined) return undefined
    this.#step('check --read-data with restic')
    let theirs: Verdict = 'clean'
    let text: string = theirs
    try {
      await restic.finish(['check', '--read-data'], { signal })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof ResticFailure)) throw error
      theirs = 'damaged'
      text = error.message
    }
    if (ours !== theirs) {
      this.#differ({ subject: 'check', snapshot: '', path: '', ours, restic: text })
    }
    return theirs
  }

  #step(text: string): void {
    this.#options.onEvent?.({ type: 'step', text })
  }

  #differ(difference: Difference): void {
    this.#differences[difference.subject]++
    this.#options.onEvent?.({ type: 'difference', difference })
  }
}

function aboutSnapshot(id: string): Pick<Difference, 'subject' | 'snapshot' | 'path'> {
  return { subject: 'snapshot', snapshot: id, path: '' }
}

/** An archive that ends early is how a restic that failed looks before its exit code is known. */
function isFailureOfRestic(error: unknown): error is Error {
  return (
    error instanceof ResticFailure || (error instanceof Error && error.message.startsWith('tar: '))
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
