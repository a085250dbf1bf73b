import { pull as pullFolder } from '@instance-sync/sync'
import { type LoadedCommand, defineCommand } from '../command.ts'
import { onConflict } from '../conflict-question.ts'
import { declareTexts } from '../declare-texts.ts'
import { outcomeExitCode } from '../exit-code.ts'
import { launcherFlagTexts } from '../launcher-flags.ts'
import { launcherOptions } from '../launcher-options.ts'
import { syncOptions } from '../options.ts'
import { printPull, pullObjects } from '../render/pull.ts'

export const pull: LoadedCommand = defineCommand({
  declare: (command) => declareTexts(command, launcherFlagTexts),
  options: launcherOptions,
  run: async ({ onConflict: answer, dryRun, allowEmpty }, context) =>
    pullFolder({
      ...(await syncOptions(context)),
      onConflict: onConflict(answer, context),
      dryRun,
      allowEmpty,
    }),
  text: printPull,
  json: pullObjects,
  exitCode: ({ outcome }, options) => outcomeExitCode(outcome, options),
})
