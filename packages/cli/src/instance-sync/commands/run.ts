import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { constants } from 'node:os'
import { type InstanceUse, type SyncOptions, useInstance } from '@instance-sync/sync'
import { isResticError } from 'restic-core'
import * as z from 'zod'
import { durationFlag, parseFlags } from '../../restic-ts/flags.ts'
import { printJson } from '../../restic-ts/render/json.ts'
import { Failure } from '../../shared/failure.ts'
import { childProgram } from '../child-program.ts'
import type { CommandContext, LoadedCommand } from '../command.ts'
import { declareTexts } from '../declare-texts.ts'
import type { ExitCode } from '../exit-code.ts'
import { launcherFlagTexts } from '../launcher-flags.ts'
import { syncOptions } from '../options.ts'
import { shown } from '../render/amounts.ts'
import { reportTrouble } from '../report-trouble.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'

const options = z.object({
  every: durationFlag('every').optional(),
  args: z.array(z.string()),
})

const everyMsMin = 10_000

/**
 * Pull, the command, push. Without a good state to start from the command does not run; once it has
 * run, what it left is pushed however it ended.
 */
export const run: LoadedCommand = {
  declare(command) {
    command
      .argument('<command...>', 'what to run, after --')
      .option('--every <duration>', 'push also while it runs, as every 15m')
      .passThroughOptions()
    declareTexts(
      command,
      launcherFlagTexts.filter(([flag]) => flag !== '--dry-run'),
    )
  },

  async execute(given, context) {
    const { every: everyMs, args } = parseFlags(options, given)
    if (everyMs !== undefined && everyMs < everyMsMin) {
      throw new Failure('--every must be 10s or more', { isUsage: true })
    }
    const pulled = await pull.execute(given, context)
    if (pulled !== 0) return pulled
    // The command hears signals itself, and what it left must be pushed after it was interrupted.
    const unhurried = { ...context, signal: new AbortController().signal }
    const useOptions = await syncOptions({ ...unhurried, onEvent: () => undefined })
    const ended = await whileShown(useOptions, context, async ({ others }) => {
      tellOthers(others, context)
      const pushes = pushing(everyMs, given, unhurried)
      try {
        return await runChild(args, context)
      } finally {
        await pushes[Symbol.asyncDispose]()
      }
    })
    const pushed = await pushOrReport(given, unhurried)
    return ended === 0 ? pushed : ended
  },
}

function tellOthers(others: InstanceUse['others'], { screen, common }: CommandContext): void {
  if (others.length === 0) return
  if (common.json) {
    return printJson(screen, { message_type: 'event', type: 'in-use', holders: others })
  }
  for (const { hostname } of others) {
    screen.printError(`The instance is in use on ${shown(hostname)}, too.`)
  }
}

/**
 * A server that is locked by its operator keeps nobody from playing, and once the game has run, what
 * becomes of our own lock keeps nothing from being pushed.
 */
async function whileShown(
  useOptions: SyncOptions,
  { screen, common }: CommandContext,
  work: (use: InstanceUse) => Promise<ExitCode>,
): Promise<ExitCode> {
  let ended: ExitCode | undefined
  try {
    await useInstance(useOptions, async (use) => {
      ended = await work(use)
    })
  } catch (error) {
    if (ended !== undefined) reportTrouble(error, screen, common.json)
    else if (!isResticError(error, 'LOCKED')) throw error
  }
  return ended ?? work({ others: [], isShown: false })
}

/** A failure is told here: the signal that ended the command must not be taken for its reason. */
async function pushOrReport(given: unknown, context: CommandContext): Promise<ExitCode> {
  try {
    return await push.execute(given, context)
  } catch (error) {
    return reportTrouble(error, context.screen, context.common.json)
  }
}

/**
 * Pushes now and then until disposed, which waits for a push that runs. What could not be pushed is
 * part of the next one.
 */
function pushing(
  everyMs: number | undefined,
  given: unknown,
  context: CommandContext,
): AsyncDisposable {
  let current: Promise<void> | undefined
  const pushOnce = async (): Promise<void> => {
    await pushOrReport(given, { ...context, person: undefined })
    current = undefined
  }
  const pushUnlessBusy = (): void => {
    current ??= pushOnce()
  }
  const timer = everyMs === undefined ? undefined : setInterval(pushUnlessBusy, everyMs)
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await current
    },
  }
}

const forwardedSignals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
/** As shells answer for a command that is not there. */
const notFoundCode = 127

/** @returns its exit code, or 128 and the signal's number */
async function runChild(
  [command = '', ...args]: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { stdin, signals, screen, environment, common } = context
  const program = childProgram(command, args, {
    platform: process.platform,
    environment,
    workingFolder: process.cwd(),
    isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true,
  })
  const hold = context.holdInterrupts()
  const child = spawn(program.file, program.args, {
    stdio: 'inherit',
    windowsVerbatimArguments: program.isVerbatim,
  })
  const removers = forwardedSignals.map((name) => {
    const forward = (): void => {
      // A terminal sends Ctrl-C to the command as well.
      if (name !== 'SIGINT' || !stdin.isTTY) child.kill(name)
    }
    signals.on(name, forward)
    return () => signals.off(name, forward)
  })
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `${shown(command)} cannot be run: ${reason}`
    const told = { message_type: 'exit_error', code: notFoundCode, message }
    screen.printError(common.json ? JSON.stringify(told) : `instance-sync: ${message}`)
    return notFoundCode
  } finally {
    for (const remove of removers) remove()
    hold[Symbol.dispose]()
  }
}
