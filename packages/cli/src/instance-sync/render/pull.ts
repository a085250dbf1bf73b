import type { PullReport, UpToDate } from '@instance-sync/sync'
import type { TextOutput } from '../command.ts'
import { durationText, shortId, shown } from './amounts.ts'
import { countsText } from './changes.ts'
import { answerAdvice, conflictLines } from './conflict.ts'
import { changedObject, printPlan, syncObjects } from './sync.ts'

export function printPull(report: PullReport, output: TextOutput): void {
  const { label, elapsedMs } = output
  switch (report.outcome) {
    case 'not-enabled':
      return
    case 'offline':
      return output.warn(
        `${label}: the server cannot be reached (${shown(report.reason)}). ` +
          'Nothing was pulled; the next sync compares again.',
      )
    case 'up-to-date':
      if (report.isEmptied === true) return printEmptied(report, output)
      return output.print(`${label} is up to date: nothing newer in the cloud.`)
    case 'conflict':
      for (const line of [...conflictLines(report.conflict, label), ...answerAdvice]) {
        output.warn(line)
      }
      return
    case 'changed':
      if (report.isDryRun) {
        return printPlan(`A pull would change ${label}`, report, output)
      }
      if (report.answer === 'keep-here') {
        output.print(`${label}: what is here counts now, for all machines.`)
      } else {
        const took = durationText(elapsedMs)
        output.print(`${label} pulled: ${countsText(report.counts, report.changes)}, in ${took}.`)
      }
      if (report.storedAside !== undefined) {
        const id = shortId(report.storedAside)
        output.print(`What was here before is kept in the history, as snapshot ${id}.`)
      }
      for (const [from, to] of report.beside) {
        output.print(`Ours of ${shown(from)} is now ${shown(to)}.`)
      }
  }
}

function printEmptied({ snapshot }: UpToDate, output: TextOutput): void {
  output.warn(
    `${output.label}: nothing is newer in the cloud, but the files are gone from this folder.`,
  )
  const state = snapshot === undefined ? 'ID' : shortId(snapshot)
  output.warn(`To bring them back: instance-sync restore ${state}`)
  output.warn('Until then a push is refused, unless it is told --allow-empty.')
}

export function pullObjects(report: PullReport, elapsedMs: number): Iterable<object> {
  return syncObjects('pull', report, elapsedMs, (changed) => ({
    ...changedObject(changed),
    answer: changed.answer,
    stored_aside: changed.storedAside,
    beside: Object.fromEntries(changed.beside),
  }))
}
