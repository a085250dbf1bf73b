import type { PushReport } from '@instance-sync/sync'
import type { TextOutput } from '../command.ts'
import { countText, durationText, shortId, shown } from './amounts.ts'
import { countsText } from './changes.ts'
import { answerAdvice, conflictLines } from './conflict.ts'
import { changedObject, printPlan, syncObjects } from './sync.ts'

export function printPush(report: PushReport, output: TextOutput): void {
  const { label, elapsedMs } = output
  switch (report.outcome) {
    case 'not-enabled':
      return
    case 'offline':
      return output.warn(
        `${label}: the server cannot be reached (${shown(report.reason)}). ` +
          'Nothing was pushed; push again when you are online.',
      )
    case 'up-to-date':
      return output.print(`${label} is up to date: nothing to push.`)
    case 'conflict':
      for (const line of conflictLines(report.conflict, label)) output.warn(line)
      if (report.snapshot !== undefined) {
        output.warn(
          `What is here was stored all the same, as snapshot ${shortId(report.snapshot)}.`,
        )
      }
      for (const line of answerAdvice) output.warn(line)
      return
    case 'changed':
      if (report.isDryRun) {
        return printPlan(`A push of ${label} would store`, report, output)
      }
      output.print(
        `${label} pushed: ${countsText(report.counts, report.changes)}, in ${durationText(elapsedMs)}` +
          `${report.snapshot === undefined ? '' : `, as snapshot ${shortId(report.snapshot)}`}.`,
      )
      if (report.problems.length === 0) return
      output.warn(`${countText(report.problems.length, 'file')} could not be read as they should:`)
      for (const path of report.problems) output.warn(`  ${shown(path)}`)
  }
}

export function pushObjects(report: PushReport, elapsedMs: number): Iterable<object> {
  return syncObjects('push', report, elapsedMs, (changed) => ({
    ...changedObject(changed),
    problems: changed.problems,
  }))
}
