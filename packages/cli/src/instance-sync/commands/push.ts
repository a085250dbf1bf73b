import {
  type PullReport,
  type PushReport,
  pull as pullFolder,
  push as pushFolder,
} from '@instance-sync/sync'
import { type LoadedCommand, type WorkContext, defineCommand } from '../command.ts'
import { onConflict } from '../conflict-question.ts'
import { declareTexts } from '../declare-texts.ts'
import { outcomeExitCode } from '../exit-code.ts'
import { launcherFlagTexts } from '../launcher-flags.ts'
import { type LauncherOptions, launcherOptions } from '../launcher-options.ts'
import { syncOptions } from '../options.ts'
import { printPull, pullObjects } from '../render/pull.ts'
import { printPush, pushObjects } from '../render/push.ts'

/** A push, and the pull that settled the fork it ended in. */
interface SettledPush {
  readonly push: PushReport
  readonly settled: PullReport | undefined
}

export const push: LoadedCommand = defineCommand({
  declare: (command) => declareTexts(command, launcherFlagTexts),
  options: launcherOptions,
  run: pushAndSettle,
  text({ push: report, settled }, output) {
    if (settled === undefined) printPush(report, output)
    else printPull(settled, output)
  },
  *json({ push: report, settled }, elapsedMs) {
    yield* pushObjects(report, elapsedMs)
    if (settled !== undefined) yield* pullObjects(settled, elapsedMs)
  },
  exitCode({ push: report, settled }, options) {
    const code = outcomeExitCode((settled ?? report).outcome, options)
    return code === 0 && report.outcome === 'changed' && report.problems.length > 0 ? 3 : code
  },
})

/** A push stores what is here in any case; when that forks the history, the answer settles it. */
async function pushAndSettle(
  { onConflict: answer, dryRun, allowEmpty }: LauncherOptions,
  context: WorkContext,
): Promise<SettledPush> {
  const options = await syncOptions(context)
  const report = await pushFolder({ ...options, dryRun, allowEmpty })
  const settle = onConflict(answer, context)
  if (report.outcome !== 'conflict' || settle === 'stop' || dryRun) {
    return { push: report, settled: undefined }
  }
  return { push: report, settled: await pullFolder({ ...options, onConflict: settle }) }
}
