import { type UndoReport, undo as undoLast } from '@instance-sync/sync'
import * as z from 'zod'
import { switchFlag } from '../../restic-ts/flags.ts'
import { type LoadedCommand, type TextOutput, defineCommand } from '../command.ts'
import { syncOptions } from '../options.ts'
import { countText, shown, timeText } from '../render/amounts.ts'

export const undo: LoadedCommand = defineCommand({
  declare: (command) => {
    command.option('--dry-run', 'say what would be done, and do nothing')
  },
  options: z.object({ dryRun: switchFlag }),
  run: async ({ dryRun }, context) => undoLast({ ...(await syncOptions(context)), dryRun }),
  text: printUndo,
  *json(report) {
    const summary = { message_type: 'summary', command: 'undo', outcome: report.outcome }
    if (report.outcome === 'not-enabled') return yield summary
    const { kind, time, restored, removed, isDryRun } = report
    yield { ...summary, dry_run: isDryRun, undone: kind, time, restored, removed }
  },
  exitCode: () => 0,
})

function printUndo(report: UndoReport, output: TextOutput): void {
  if (report.outcome === 'not-enabled') return output.print('This folder is not synced.')
  const { kind, time, restored, removed, isDryRun } = report
  const what = `the ${kind} of ${timeText(time)}`
  const counts = `${countText(restored.length, 'file')} back, ${removed.length} gone`
  if (isDryRun) {
    output.print(`An undo would take back ${what}: ${counts}`)
    for (const path of restored) output.print(`  + ${shown(path)}`)
    for (const path of removed) output.print(`  - ${shown(path)}`)
    return
  }
  output.print(`Undone: ${what}. ${counts}.`)
  output.print('Another undo takes this back; the next push makes it the newest state.')
}
