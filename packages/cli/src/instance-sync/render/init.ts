import type { InitReport } from '@instance-sync/sync'
import type { TextOutput } from '../command.ts'
import type { ExitCode } from '../exit-code.ts'
import { countText, shown } from './amounts.ts'
import { answerAdvice, conflictLines, conflictObject } from './conflict.ts'
import { printPull, pullObjects } from './pull.ts'

export function printInit(report: InitReport, output: TextOutput): void {
  if (report.outcome === 'conflict') {
    for (const line of conflictLines(report.conflict, output.label)) output.warn(line)
    output.warn('The folder is not synced yet.')
    for (const line of answerAdvice) output.warn(line.replace(' pull ', ' init … '))
    return
  }
  const { instanceId, url, isNew, files, pull } = report
  output.print(
    `${output.label} is synced now, as ${isNew ? 'the new ' : ''}instance ${instanceId}.`,
  )
  if (pull !== undefined) printPull(pull, output)
  if (isNew) {
    output.print(`${countText(files, 'file')} here can be pushed: instance-sync push`)
    output.print(
      `On another machine, after that push: instance-sync init --url=${shown(url)} --instance-id=${instanceId}`,
    )
  }
}

export function* initObjects(report: InitReport, elapsedMs: number): Iterable<object> {
  const summary = { message_type: 'summary', command: 'init', outcome: report.outcome }
  if (report.outcome === 'conflict') {
    yield conflictObject(report.conflict)
    return yield summary
  }
  const { instanceId, isNew, files, pull } = report
  if (pull !== undefined) yield* pullObjects(pull, elapsedMs)
  yield { ...summary, instance_id: instanceId, is_new: isNew, files_here: files }
}

export function initExitCode({ outcome }: InitReport): ExitCode {
  return outcome === 'conflict' ? 20 : 0
}
