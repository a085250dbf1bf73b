import { Command, CommanderError } from 'commander'
import { Failure } from '../shared/failure.ts'
import type { LoadedCommand } from './command.ts'
import { declareGlobalOptions, givenFlags } from './global-options.ts'

interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Loads the module of the command: only the one that runs is loaded. */
  load(): Promise<LoadedCommand>
}

const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'Make a repository',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'backup',
    summary: 'Store files and folders in a new snapshot',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  {
    name: 'snapshots',
    summary: 'List the snapshots',
    load: async () => (await import('./commands/snapshots.ts')).snapshots,
  },
  {
    name: 'ls',
    summary: 'List the files of a snapshot',
    load: async () => (await import('./commands/ls.ts')).ls,
  },
  {
    name: 'cat',
    summary: 'Print an object of the repository',
    load: async () => (await import('./commands/cat.ts')).cat,
  },
  {
    name: 'restore',
    summary: 'Bring the files of a snapshot back',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    name: 'check',
    summary: 'Look for damage in the repository',
    load: async () => (await import('./commands/check.ts')).check,
  },
  {
    name: 'cross-check',
    summary: 'Compare what restic and this program find in the repository',
    load: async () => (await import('./commands/cross-check.ts')).crossCheck,
  },
  {
    name: 'unlock',
    summary: 'Remove locks of programs that are gone',
    load: async () => (await import('./commands/unlock.ts')).unlock,
  },
  {
    name: 'version',
    summary: 'Print the version',
    load: async () => (await import('./commands/version.ts')).version,
  },
]

/** What the command line asks for. */
export interface Invocation {
  readonly command: LoadedCommand
  /** flags by their names, given on either side of the command's name, and the other words as `args` */
  readonly given: Readonly<Record<string, unknown>>
}

interface HelpOutput {
  (text: string): void
}

/**
 * Reads the command line.
 *
 * @returns undefined when it asked for help, which was given to `printHelp`
 * @throws Failure when it is not understood
 */
export async function parseCommandLine(
  words: readonly string[],
  printHelp: HelpOutput,
): Promise<Invocation | undefined> {
  let invocation: Invocation | undefined
  const program = declareProgram(printHelp)
  for (const entry of commands) program.command(entry.name).description(entry.summary)
  program.hook('preSubcommand', async (_, declaration) => {
    const entry = commands.find(({ name }) => name === declaration.name())
    if (entry === undefined) return
    const command = await entry.load()
    command.declare(declaration)
    declareGlobalOptions(declaration)
    declaration.action(() => {
      invocation = {
        command,
        given: { ...givenFlags(program, declaration), args: declaration.args },
      }
    })
  })
  try {
    await program.parseAsync(normalized(words), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // No command at all: help that the parser takes for an error.
    if (error.code === 'commander.help') printHelp(program.helpInformation())
    else if (error.exitCode !== 0) throw usageFailure(error)
  }
  return invocation
}

function declareProgram(printHelp: HelpOutput): Command {
  const program = new Command('restic-ts')
    .description('Backs up to repositories of the restic format, and restores and checks them.')
    .usage('[options] <command>')
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: printHelp, writeErr: () => undefined })
  declareGlobalOptions(program)
  return program
}

/**
 * Words in the one form that the parser knows: `help x` becomes `x --help`, `--verbose=2` becomes
 * two flags, and `--json=true` the flag alone. What follows `--` stays as it is.
 */
function normalized(words: readonly string[]): string[] {
  const end = words.indexOf('--')
  const [first, second, ...rest] = end < 0 ? words : words.slice(0, end)
  if (first === 'help') return second === undefined ? ['--help'] : [second, '--help']
  const flags = [first, second, ...rest].filter((word) => word !== undefined)
  return [...flags.flatMap(normalizedFlag), ...(end < 0 ? [] : words.slice(end))]
}

function normalizedFlag(word: string): string[] {
  const [, level] = /^--verbose=(\d)$/.exec(word) ?? []
  if (level !== undefined) return Array.from({ length: Number(level) }, () => '--verbose')
  const [, flag] = /^(--[a-z-]+)=true$/.exec(word) ?? []
  return [flag ?? word]
}

/** The parser's complaint in the words of restic. */
function usageFailure(error: CommanderError): Failure {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const flag = quoted.split(' ').find((word) => word.startsWith('--')) ?? quoted.split(' ', 1)[0]
  const text = (): string => {
    switch (error.code) {
      case 'commander.unknownCommand':
        return `unknown command ${JSON.stringify(quoted)} for "restic-ts"`
      case 'commander.unknownOption':
        return quoted.startsWith('--')
          ? `unknown flag: ${quoted.split('=', 1)[0]}`
          : `unknown shorthand flag: '${quoted[1]}' in ${quoted}`
      case 'commander.optionMissingArgument':
        return `flag needs an argument: ${flag}`
      default:
        return error.message.replace(/^error: /, '')
    }
  }
  return new Failure(text(), { cause: error, isUsage: true })
}
