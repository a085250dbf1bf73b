import type { EventEmitter } from 'node:events'
import type { ReadStream } from 'node:tty'
import type { Command as Declaration } from 'commander'
import type { Platform, SyncEvent } from '@instance-sync/sync'
import type * as z from 'zod'
import type { Screen } from '../shared/screen.ts'
import { parseFlags } from '../restic-ts/flags.ts'
import type { CommonOptions } from './common-options.ts'
import type { ExitCode } from './exit-code.ts'
import type { Environment } from './opt-in.ts'
import type { Person } from './person.ts'
import { Progress } from './progress.ts'
import { printJson } from '../restic-ts/render/json.ts'

/** What a command gets from the program it runs in. */
export interface CommandContext {
  readonly common: CommonOptions
  readonly environment: Environment
  /** Aborts when the user or the system wants the program to end. */
  readonly signal: AbortSignal
  readonly screen: Screen
  /** undefined when nobody is there to answer a question */
  readonly person: Person | undefined
  readonly stdin: ReadStream
  /** Emits the signals that the process gets, by name. */
  readonly signals: EventEmitter
  /** Until disposed, not even a second signal ends the program: somebody else is to end first. */
  holdInterrupts(): Disposable
  /** the file that Node runs */
  readonly program: string
  /** The machine that the library works on, when it is not this one. */
  readonly platform?: Platform
}

/** What a command that works on the folder gets beside that. */
export interface WorkContext extends CommandContext {
  readonly onEvent: (event: SyncEvent) => void
  /** Stops the drawing of progress while somebody is asked. */
  readonly progress: Progress
}

/** A command whose own types only it knows. */
export interface LoadedCommand {
  declare(command: Declaration): void
  /** @param given the flags by their names, and the other words as `args` */
  execute(given: unknown, context: CommandContext): Promise<ExitCode>
}

/** One file in commands/ defines exactly one of these. */
export interface CommandDefinition<Options, Result> {
  /** Declares flags and arguments of its own. */
  declare(command: Declaration): void
  /** Checks the flags by their names, and the other words as `args`. */
  readonly options: z.ZodType<Options>
  /** Does the work and returns data. Prints nothing but questions. */
  run(options: Options, context: WorkContext): Promise<Result>
  text(result: Result, output: TextOutput): void
  json(result: Result, elapsedMs: number): Iterable<object>
  exitCode(result: Result, options: Options): ExitCode
}

/** Where a command's result goes when a person reads it. */
export interface TextOutput {
  /** How messages call the instance. */
  readonly label: string
  readonly elapsedMs: number
  /** Not printed with `--quiet`. */
  print(line: string): void
  /** What a person must know, and advice: printed in any case, to standard error. */
  warn(line: string): void
}

export function defineCommand<Options, Result>(
  definition: CommandDefinition<Options, Result>,
): LoadedCommand {
  return {
    declare: (command) => definition.declare(command),
    async execute(given, context) {
      const options = parseFlags(definition.options, given)
      const { screen, common } = context
      const startMs = performance.now()
      using progress = new Progress(screen, common)
      const onEvent = (event: SyncEvent): void => progress.event(event)
      const result = await definition.run(options, { ...context, progress, onEvent })
      progress.end()
      const elapsedMs = performance.now() - startMs - progress.pausedMs
      if (common.json) {
        for (const object of definition.json(result, elapsedMs)) printJson(screen, object)
      } else {
        const { instanceLabel } = await import('./label.ts')
        definition.text(result, {
          label: await instanceLabel(common),
          elapsedMs,
          print: (line) => {
            if (!common.quiet) screen.print(line)
          },
          warn: (line) => screen.printError(line),
        })
      }
      return definition.exitCode(result, options)
    },
  }
}
