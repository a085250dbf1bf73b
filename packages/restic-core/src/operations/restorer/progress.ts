import { isResticError } from '../../base/errors.ts'
import type { Keepable } from '../shared/target-tree.ts'
import { type ItemAction, ItemProblems, type RestoreEvent, type RestoreSummary } from './events.ts'
import type { RestoreOptions } from './restore.ts'
import type { RestorePlan } from './plan.ts'

/** Counts what a restore has done, and tells it. */
export class RestoreProgress {
  readonly #plan: RestorePlan
  readonly #options: RestoreOptions
  readonly #problems: ItemProblems
  readonly #restored = { entries: 0, bytes: 0 }
  readonly #notKept = new Map<Keepable, number>()
  #deleted = 0

  constructor(plan: RestorePlan, options: RestoreOptions) {
    this.#plan = plan
    this.#options = options
    this.#problems = new ItemProblems(options)
  }

  begin(): void {
    this.#tell({ type: 'total', ...this.#plan.total })
    const { unchanged, inPlace } = this.#plan
    this.#restored.bytes += inPlace
    this.#tell({ type: 'bytes', restored: inPlace, unchanged: unchanged.bytes })
  }

  wroteBytes(count: number): void {
    this.#restored.bytes += count
    this.#tell({ type: 'bytes', restored: count, unchanged: 0 })
  }

  finished(path: string, action: Exclude<ItemAction, 'deleted'>, size = 0): void {
    this.#restored.entries++
    this.#tell({ type: 'item', action, path, size })
  }

  deleted(path: string): void {
    this.#deleted++
    this.#tell({ type: 'item', action: 'deleted', path, size: 0 })
  }

  couldNotKeep(things: readonly Keepable[]): void {
    for (const thing of things) this.#notKept.set(thing, (this.#notKept.get(thing) ?? 0) + 1)
  }

  hasFailed(path: string): boolean {
    return this.#problems.hasFailed(path)
  }

  /** @throws the error itself, unless the entry may be skipped */
  failed(path: string, error: Error): void {
    this.#problems.report(path, error)
  }

  /** Runs `action`; an error of the target is a problem of this entry alone. */
  attempt(path: string, action: () => void): void {
    try {
      action()
    } catch (error) {
      if (!isResticError(error, 'TARGET')) throw error
      this.failed(path, error)
    }
  }

  summary(verified: number): RestoreSummary {
    return {
      total: this.#plan.total,
      restored: { ...this.#restored },
      unchanged: this.#plan.unchanged,
      deleted: this.#deleted,
      verified,
      errors: this.#plan.errors + this.#problems.count,
      notKept: Object.fromEntries(this.#notKept),
    }
  }

  #tell(event: RestoreEvent): void {
    this.#options.onEvent?.(event)
  }
}
