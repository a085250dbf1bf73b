import { type StatusReport, status as statusOf } from '@instance-sync/sync'
import * as z from 'zod'
import { type LoadedCommand, type TextOutput, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'
import { countText, shortId, shown, sizeText, timeText } from '../render/amounts.ts'
import { countsObject, countsText } from '../render/changes.ts'

export const status: LoadedCommand = defineCommand({
  declare: () => undefined,
  options: z.object({}),
  run: async (_, context) => statusOf(await syncOptions(context)),
  text: printStatus,
  json: statusObjects,
  exitCode: () => 0,
})

type Status = Exclude<StatusReport, { readonly outcome: 'not-enabled' }>

function printStatus(report: StatusReport, output: TextOutput): void {
  if (report.outcome === 'not-enabled') {
    return output.print('This folder is not synced. To begin: instance-sync setup')
  }
  output.print(`${output.label}: ${verdictText(report)}`)
  if (report.refusal !== undefined) {
    output.print(`  A push would be refused: ${report.refusal}.`)
    output.print(`  ${refusalAdvice(report)}`)
  }
  for (const [name, value] of factsOf(report)) output.print(`  ${name.padEnd(10)}  ${value}`)
  output.print(
    `On another machine: instance-sync init --url=${shown(report.url)} --instance-id=${report.instanceId}`,
  )
}

function refusalAdvice({ base, snapshotCount }: Status): string {
  if (snapshotCount === 0) {
    return 'Ask whoever runs the server. To begin a new history there: instance-sync init'
  }
  const state = base === undefined ? 'ID' : shortId(base)
  return `Meant? push once with --allow-empty. Not meant? instance-sync restore ${state}`
}

function verdictText({ verdict, here, there, offline, refusal }: Status): string {
  switch (verdict) {
    case 'equal':
      return 'up to date.'
    case 'push':
      return `changed here: ${countsText(here)}.${refusal === undefined ? ' A push would store that.' : ''}`
    case 'pull':
      return `something newer is in the cloud${there === undefined ? '' : `: ${countsText(there)}`}. A pull would bring it.`
    case 'conflict':
      return 'changed here and elsewhere. A pull would ask which counts; nothing is overwritten.'
    case 'unknown':
      return `the server cannot be reached (${shown(offline ?? '')}).`
  }
}

function factsOf(report: Status): [name: string, value: string][] {
  const { base, lastSync, heads, snapshotCount, inUse, instanceId, url, storage } = report
  const synced =
    base === undefined
      ? 'never'
      : [
          lastSync && `${timeText(lastSync.time)} on ${shown(lastSync.host)}`,
          `snapshot ${shortId(base)}`,
        ]
          .filter((part) => part !== undefined)
          .join(', ')
  const facts: [string, string][] = [
    ['server', shown(url)],
    ['instance', instanceId],
    ['last sync', synced],
  ]
  if (snapshotCount !== undefined) facts.push(['history', countText(snapshotCount, 'snapshot')])
  if (storage !== undefined) {
    const free = storage.free === undefined ? '' : `, ${sizeText(storage.free)} free`
    facts.push(['stored', `${sizeText(storage.used)}${free}`])
  }
  for (const { snapshot, time, host, isBase } of heads) {
    const where = isBase ? ', which is what this folder comes from' : ''
    facts.push(['newest', `${shortId(snapshot)}, ${timeText(time)}, ${shown(host)}${where}`])
  }
  for (const { hostname, time } of inUse) {
    facts.push(['in use', `on ${shown(hostname)}, as of ${timeText(time)}`])
  }
  return facts
}

function* statusObjects(report: StatusReport): Iterable<object> {
  const summary = { message_type: 'summary', command: 'status', outcome: report.outcome }
  if (report.outcome === 'not-enabled') return yield summary
  yield {
    ...summary,
    instance_id: report.instanceId,
    url: report.url,
    verdict: report.verdict,
    base: report.base,
    last_sync: report.lastSync,
    here: countsObject(report.here),
    there: report.there && countsObject(report.there),
    heads: report.heads.map(({ snapshot, time, host, isBase }) => ({
      snapshot,
      time,
      host,
      is_base: isBase,
    })),
    snapshots: report.snapshotCount,
    refusal: report.refusal,
    stored_bytes: report.storage?.used,
    free_bytes: report.storage?.free,
    in_use: report.inUse.map(({ hostname, username, pid, time }) => ({
      host: hostname,
      username,
      pid,
      time,
    })),
    offline: report.offline,
  }
}
