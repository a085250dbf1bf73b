import { resolve } from 'node:path'
import { type RestoreReport, restore as restoreState } from '@instance-sync/sync'
import * as z from 'zod'
import { switchFlag } from '../../restic-ts/flags.ts'
import { Failure } from '../../shared/failure.ts'
import { type LoadedCommand, type TextOutput, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'
import { durationText, shortId } from '../render/amounts.ts'
import { changeLine, changeObject, countsObject, countsText } from '../render/changes.ts'

const options = z.object({
  to: z.string().min(1, 'the flag --to needs a folder').optional(),
  dryRun: switchFlag,
  args: z.array(z.string()),
})

export const restore: LoadedCommand = defineCommand({
  declare: (command) => {
    command
      .argument('<state>', 'the beginning of its id, a time like "2026-11-21 18:30", or latest')
      .argument('[paths...]', 'only these, relative to the folder (default: everything)')
      .option('--to <folder>', 'write there, and leave the instance alone')
      .option('--dry-run', 'say what would be done, and do nothing')
  },
  options,
  async run({ to, dryRun, args: [state, ...paths] }, context) {
    if (state === undefined) throw new Failure('which state?', { isUsage: true })
    return restoreState({
      ...(await syncOptions(context)),
      state,
      paths,
      to: to === undefined ? undefined : resolve(to),
      dryRun,
    })
  },
  text: printRestore,
  *json(report, elapsedMs) {
    const summary = { message_type: 'summary', command: 'restore', outcome: report.outcome }
    if (report.outcome === 'not-enabled') return yield summary
    if (report.isDryRun) yield* report.changes.map(changeObject)
    yield {
      ...summary,
      dry_run: report.isDryRun,
      snapshot: report.snapshot,
      ...countsObject(report.counts),
      stored_aside: report.storedAside,
      seconds_elapsed: Math.round(elapsedMs) / 1000,
    }
  },
  exitCode: () => 0,
})

function printRestore(report: RestoreReport, output: TextOutput): void {
  if (report.outcome === 'not-enabled') return output.print('This folder is not synced.')
  const { snapshot, counts, changes, storedAside, isDryRun } = report
  const { added, changed, removed } = counts
  if (added + changed + removed === 0) {
    return output.print(`Nothing differs from state ${shortId(snapshot)}.`)
  }
  if (isDryRun) {
    output.print(`Restoring ${shortId(snapshot)} would change: ${countsText(counts)}`)
    for (const change of changes) output.print(changeLine(change))
    return
  }
  const took = durationText(output.elapsedMs)
  output.print(`State ${shortId(snapshot)} restored: ${countsText(counts)}, in ${took}.`)
  if (storedAside !== undefined) {
    const id = shortId(storedAside)
    output.print(`What was here before is kept in the history, as snapshot ${id}.`)
  }
  if (changes.length > 0) {
    output.print('instance-sync undo takes it back; the next push makes it the newest state.')
  }
}
