import type { Keepable } from '../shared/target-tree.ts'

export type ItemAction = 'restored' | 'updated' | 'unchanged' | 'deleted'

export type RestoreEvent =
  /** how much there is to do; from the plan */
  | { readonly type: 'total'; readonly entries: number; readonly bytes: number }
  /** done with an entry; `size` is that of a file's content */
  | {
      readonly type: 'item'
      readonly action: ItemAction
      readonly path: string
      readonly size: number
    }
  /** content written, or found in place already */
  | { readonly type: 'bytes'; readonly restored: number; readonly unchanged: number }
  | { readonly type: 'error'; readonly path: string; readonly error: Error }

/** Counts of entries (files, directories and all others) and of bytes of content. */
export interface RestoreCounts {
  readonly entries: number
  readonly bytes: number
}

export interface RestoreSummary {
  readonly total: RestoreCounts
  /** of a file that was changed all bytes, those that were right already included, as restic counts */
  readonly restored: RestoreCounts
  /** right already, or not to be overwritten */
  readonly unchanged: RestoreCounts
  /** entries removed because the snapshot does not have them */
  readonly deleted: number
  /** files read again and compared */
  readonly verified: number
  /** entries that failed, those of the plan included */
  readonly errors: number
  /** How many entries lack something that the target could not keep. */
  readonly notKept: Readonly<Partial<Record<Keepable, number>>>
}

export interface ItemErrors {
  /** Decides about one entry that cannot be restored. Without it the first one rejects. */
  readonly onError?: ((path: string, error: Error) => 'skip' | 'abort') | undefined
}

/** Counts entries that failed, and stops at the first that must not be skipped. */
export class ItemProblems {
  readonly #options: ItemErrors & { readonly onEvent?: ((event: RestoreEvent) => void) | undefined }
  readonly #failed = new Set<string>()
  #count = 0

  constructor(
    options: ItemErrors & { readonly onEvent?: ((event: RestoreEvent) => void) | undefined },
  ) {
    this.#options = options
  }

  get count(): number {
    return this.#count
  }

  hasFailed(path: string): boolean {
    return this.#failed.has(path)
  }

  /** @throws the error itself, unless the entry may be skipped */
  report(path: string, error: Error): void {
    this.#count++
    this.#failed.add(path)
    this.#options.onEvent?.({ type: 'error', path, error })
    if (this.#options.onError?.(path, error) !== 'skip') throw error
  }
}
