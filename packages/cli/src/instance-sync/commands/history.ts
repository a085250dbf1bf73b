import { type HistoryItem, type HistoryReport, history as historyOf } from '@instance-sync/sync'
import * as z from 'zod'
import { numberFlag } from '../../restic-ts/flags.ts'
import { type Column, formatTable } from '../../restic-ts/render/table.ts'
import { type LoadedCommand, type TextOutput, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'
import { countText, shortId, shown, sizeText, timeText } from '../render/amounts.ts'
import { countsObject } from '../render/changes.ts'

/** To tell what each changed takes reading its tree, and nobody reads a thousand lines. */
const limitDefault = 100

export const history: LoadedCommand = defineCommand({
  declare: (command) => {
    command.option('--limit <count>', 'no more than the newest so many; 0 for all (default: 100)')
  },
  options: z.object({ limit: numberFlag('limit').optional() }),
  async run({ limit = limitDefault }, context) {
    const options = await syncOptions(context)
    return historyOf({ ...options, limit: limit === 0 ? undefined : limit })
  },
  text: printHistory,
  json: historyObjects,
  exitCode: () => 0,
})

const columns: readonly Column<HistoryItem>[] = [
  { header: 'State', lines: ({ snapshot }) => [shortId(snapshot)] },
  { header: 'Time', lines: ({ time }) => [timeText(time)] },
  { header: 'Machine', lines: ({ host }) => [shown(host)] },
  {
    header: 'Changed',
    lines: ({ changes }) => [changes === undefined ? '' : signedCounts(changes)],
  },
  {
    header: 'Size',
    lines: ({ files, bytes }) => [
      files === undefined || bytes === undefined
        ? ''
        : `${countText(files, 'file')}, ${sizeText(bytes)}`,
    ],
  },
  { header: '', lines: (item) => [remarks(item).join(', ')] },
]

function signedCounts({ added, changed, removed }: NonNullable<HistoryItem['changes']>): string {
  return `+${added} ~${changed} -${removed}`
}

function remarks({ isBase, isHead, isSide, isPartial, settles }: HistoryItem): string[] {
  const all: [boolean, string][] = [
    [isBase, 'here'],
    [isHead, 'newest'],
    [isSide, 'kept aside'],
    [isPartial, 'some files unread'],
    [settles.length > 0, 'settled a conflict'],
  ]
  return all.flatMap(([holds, text]) => (holds ? [text] : []))
}

function printHistory(report: HistoryReport, output: TextOutput): void {
  if (report.outcome === 'not-enabled') return output.print('This folder is not synced.')
  const { items, total } = report
  if (items.length === 0) return output.print(`${output.label} has no history yet.`)
  for (const line of formatTable(columns, items)) output.print(line)
  const count = countText(total, 'state')
  output.print(items.length < total ? `the newest ${items.length} of ${count}` : count)
}

function* historyObjects(report: HistoryReport): Iterable<object> {
  const summary = { message_type: 'summary', command: 'history', outcome: report.outcome }
  if (report.outcome === 'not-enabled') return yield summary
  for (const item of report.items) {
    yield {
      message_type: 'state',
      snapshot: item.snapshot,
      time: item.time,
      host: item.host,
      parent: item.parent,
      settles: item.settles,
      is_head: item.isHead,
      is_base: item.isBase,
      is_side: item.isSide,
      is_partial: item.isPartial,
      files: item.files,
      bytes: item.bytes,
      changes: item.changes && countsObject(item.changes),
    }
  }
  yield { ...summary, states: report.total }
}
