import type { Command as Declaration } from 'commander'
import type * as z from 'zod'
import type { PasswordInput } from '../shared/password.ts'
import type { Screen } from '../shared/screen.ts'
import type { ExitCode } from './exit-code.ts'
import { parseFlags } from './flags.ts'
import type { GlobalOptions } from './global-options.ts'

/** What a command gets from the program it runs in. */
export interface CommandContext {
  readonly globals: GlobalOptions
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Aborts when the user or the system wants the program to end. */
  readonly signal: AbortSignal
  readonly passwords: PasswordInput
  /** Standard input, for what is not a password. */
  readonly stdin: AsyncIterable<Uint8Array>
  /** Whether people look at the output as it comes. */
  readonly isTerminal: boolean
  /** A remark for people that belongs to no command: printed unless JSON is wanted or `-q`. */
  notice(text: string): void
  /** A warning: to standard error, also with JSON. */
  warn(text: string): void
}

/** Prints what a command reports. A promise asks the command to wait, for output that is data. */
export interface Reporter<Event, Result> extends Partial<Disposable> {
  event(event: Event): void | Promise<void>
  result(result: Result): void | Promise<void>
}

/** One file in commands/ defines exactly one of these. */
export interface CommandDefinition<Options, Event, Result> {
  /** Declares flags and arguments. */
  declare(command: Declaration): void
  /** Checks the flags by their names, and the other words as `args`. */
  readonly options: z.ZodType<Options>
  /** Does the work and returns data. Never prints, never exits. */
  run(
    options: Options,
    context: CommandContext,
    report: (event: Event) => void | Promise<void>,
  ): Promise<Result>
  text(options: Options, screen: Screen, context: CommandContext): Reporter<Event, Result>
  /** restic's own JSON shape for this command. */
  json(options: Options, screen: Screen, context: CommandContext): Reporter<Event, Result>
  exitCode(result: Result): ExitCode
}

/** A command whose own types only it knows. */
export interface LoadedCommand {
  declare(command: Declaration): void
  /** @param given the flags by their names, and the other words as `args` */
  execute(given: unknown, context: CommandContext, screen: Screen): Promise<ExitCode>
}

export function defineCommand<Options, Event, Result>(
  definition: CommandDefinition<Options, Event, Result>,
): LoadedCommand {
  return {
    declare: (command) => definition.declare(command),
    async execute(given, context, screen) {
      const options = parseFlags(definition.options, given)
      const reporter = context.globals.json
        ? definition.json(options, screen, context)
        : definition.text(options, screen, context)
      try {
        const result = await definition.run(options, context, (event) => reporter.event(event))
        await reporter.result(result)
        return definition.exitCode(result)
      } finally {
        reporter[Symbol.dispose]?.()
        screen.clearStatus()
      }
    },
  }
}
