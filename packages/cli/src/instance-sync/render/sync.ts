import type { Change, PullReport, PushReport } from '@instance-sync/sync'
import type { TextOutput } from '../command.ts'
import { changeLine, changeObject, countsObject, countsText } from './changes.ts'
import { conflictObject } from './conflict.ts'

type SyncReport = PullReport | PushReport
type ChangedOf<Report> = Extract<Report, { readonly outcome: 'changed' }>

/** What a pull or a push would do. */
export function printPlan(
  title: string,
  { counts, changes }: Pick<ChangedOf<SyncReport>, 'counts' | 'changes'>,
  output: TextOutput,
): void {
  output.print(`${title}: ${countsText(counts, changes)}`)
  for (const change of changes) output.print(changeLine(change))
}

/** What a pull or a push tells programs: changes and sides first, and at last the summary. */
export function* syncObjects<Report extends SyncReport>(
  command: 'pull' | 'push',
  report: Report,
  elapsedMs: number,
  own: (changed: ChangedOf<Report>) => object,
): Iterable<object> {
  if (report.outcome === 'not-enabled') return
  const { outcome } = report
  if (outcome === 'conflict') yield conflictObject(report.conflict)
  if (outcome === 'changed' && report.isDryRun) yield* changeObjects(report.changes)
  yield {
    message_type: 'summary',
    command,
    outcome,
    ...(outcome === 'changed' ? own(report as ChangedOf<Report>) : resultOf(report)),
    seconds_elapsed: Math.round(elapsedMs) / 1000,
  }
}

/** The members that a pull and a push that changed something share. */
export function changedObject({
  isDryRun,
  snapshot,
  counts,
}: Pick<ChangedOf<SyncReport>, 'isDryRun' | 'snapshot' | 'counts'>): object {
  return { dry_run: isDryRun, snapshot, ...countsObject(counts) }
}

function changeObjects(changes: readonly Change[]): object[] {
  return changes.map((change) => changeObject(change))
}

function resultOf(report: SyncReport): object {
  switch (report.outcome) {
    case 'offline':
      return { reason: report.reason }
    case 'up-to-date':
      return { snapshot: report.snapshot, emptied: report.isEmptied }
    case 'conflict':
      return { snapshot: report.snapshot }
    case 'changed':
    case 'not-enabled':
      return {}
  }
}
