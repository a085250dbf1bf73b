import type { PullReport, UpToDate } from '@instance-sync/sync'
import type { TextOutput } from '../command.ts'
import { durationText, shortId, shown } from './amounts.ts'
import { changeLine, changeObject, countsObject, countsText } from './changes.ts'
import { answerAdvice, conflictLines, conflictObject } from './conflict.ts'

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
        output.print(`A pull would change ${label}: ${countsText(report.counts)}`)
        for (const change of report.changes) output.print(changeLine(change))
        return
      }
      if (report.answer === 'keep-here') {
        output.print(`${label}: what is here counts now, for all machines.`)
      } else {
        const took = durationText(elapsedMs)
        output.print(`${label} pulled: ${countsText(report.counts)}, in ${took}.`)
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

export function* pullObjects(report: PullReport, elapsedMs: number): Iterable<object> {
  if (report.outcome === 'not-enabled') return
  const summary = { message_type: 'summary', command: 'pull', outcome: report.outcome }
  const duration = { seconds_elapsed: Math.round(elapsedMs) / 1000 }
  switch (report.outcome) {
    case 'offline':
      return yield { ...summary, reason: report.reason, ...duration }
    case 'up-to-date': {
      const { snapshot, isEmptied: emptied } = report
      return yield { ...summary, snapshot, emptied, ...duration }
    }
    case 'conflict':
      yield conflictObject(report.conflict)
      return yield { ...summary, snapshot: report.snapshot, ...duration }
    case 'changed':
      if (report.isDryRun) yield* report.changes.map(changeObject)
      yield {
        ...summary,
        dry_run: report.isDryRun,
        snapshot: report.snapshot,
        ...countsObject(report.counts),
        answer: report.answer,
        stored_aside: report.storedAside,
        beside: Object.fromEntries(report.beside),
        ...duration,
      }
  }
}
