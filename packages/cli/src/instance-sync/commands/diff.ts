import { type DiffReport, diff as diffOf } from '@instance-sync/sync'
import * as z from 'zod'
import { type LoadedCommand, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'
import { shortId } from '../render/amounts.ts'
import { changeLine, changeObject } from '../render/changes.ts'

export const diff: LoadedCommand = defineCommand<{ args: string[] }, DiffReport>({
  declare: (command) => {
    command
      .argument('[a]', 'state: the beginning of its id, a time, or latest (default: the last sync)')
      .argument('[b]', 'another state (default: the folder as it is)')
  },
  options: z.object({ args: z.array(z.string()) }),
  run: async ({ args: [from, to] }, context) =>
    diffOf({ ...(await syncOptions(context)), from, to }),
  text(report, output) {
    if (report.outcome === 'not-enabled') return output.print('This folder is not synced.')
    const { from, to, changes } = report
    const left = from === undefined ? 'nothing' : shortId(from)
    const right = to === undefined ? 'this folder' : shortId(to)
    if (changes.length === 0) return output.print(`${left} and ${right} are equal.`)
    output.print(`from ${left} to ${right}:`)
    for (const change of changes) output.print(changeLine(change))
  },
  *json(report) {
    const summary = { message_type: 'summary', command: 'diff', outcome: report.outcome }
    if (report.outcome === 'not-enabled') return yield summary
    yield* report.changes.map(changeObject)
    yield { ...summary, from: report.from, to: report.to, changes: report.changes.length }
  },
  exitCode: () => 0,
})
