import { type Answer, answers } from '@instance-sync/sync'
import * as z from 'zod'
import { choiceFlag, switchFlag } from '../restic-ts/flags.ts'

export const answerFlag: z.ZodType<Answer | undefined, string | undefined> = choiceFlag(
  'on-conflict',
  answers,
).optional()

/** The flags that pull, push and run have in common. */
export interface LauncherOptions {
  readonly onConflict?: Answer | undefined
  readonly dryRun: boolean
  readonly requireOnline: boolean
  readonly allowEmpty: boolean
}

export const launcherOptions: z.ZodType<LauncherOptions> = z.object({
  onConflict: answerFlag,
  dryRun: switchFlag,
  requireOnline: switchFlag,
  allowEmpty: switchFlag,
})
