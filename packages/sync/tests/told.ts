/** What commands tell, as far as a dry run can tell it too. */
import type { Change, Conflict } from '../src/index.ts'

/** What reports of all commands have that tell what changes, or why nothing does. */
export interface Told {
  readonly outcome: string
  readonly changes?: readonly Change[]
  readonly conflict?: Conflict
  readonly restored?: readonly string[]
  readonly removed?: readonly string[]
}

export type Result<R> = { readonly report: R } | { readonly error: unknown }

export async function resultOf<R>(command: () => Promise<R>): Promise<Result<R>> {
  try {
    return { report: await command() }
  } catch (error) {
    return { error }
  }
}

/** As far as a dry run can know: not the ids of what it does not store, and no times. */
export function summaryOf(result: Result<Told>): unknown {
  if ('error' in result) {
    const { code, message } = result.error as { readonly code?: unknown; readonly message: unknown }
    return { code, message }
  }
  const { outcome, changes, conflict, restored, removed } = result.report
  return {
    outcome,
    changes: changes?.map(({ path, before, after }) => [path, before?.type, after?.type]),
    sides: conflict?.sides.map(({ where, host, files, bytes, changes: counts }) => {
      return { where, host, files, bytes, counts }
    }),
    paths: conflict?.paths,
    restored,
    removed,
  }
}

/** The outcome of a report, or the code of an error. */
export function outcomeOf(result: Result<Told>): string {
  if ('report' in result) return result.report.outcome
  return String((result.error as { readonly code?: unknown }).code)
}
