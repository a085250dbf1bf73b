import { Command, CommanderError } from 'commander'
import { Failure } from '../shared/failure.ts'
import { programVersion } from '../restic-ts/program-version.ts'
import type { LoadedCommand } from './command.ts'
import { commonFlagTexts } from './launcher-flags.ts'
import { declareTexts } from './declare-texts.ts'

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Loads the module of the command: only the one that runs is loaded. */
  load(): Promise<LoadedCommand>
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'setup',
    summary: 'sync this folder: asks for the address and the token, checks them, writes them',
    load: async () => (await import('./commands/setup.ts')).setup,
  },
  {
    name: 'init',
    summary: 'the same for scripts: takes flags, asks for the token alone where it is not given',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'pull',
    summary: 'make the folder what the cloud has; before the game starts',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'push',
    summary: 'make the cloud have what the folder is; after the game ended',
    load: async () => (await import('./commands/push.ts')).push,
  },
  {
    name: 'run',
    summary: 'pull, run a command, push',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'status',
    summary: 'what a pull or a push would do now',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'history',
    summary: 'the states of this instance: when, where, what changed',
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'diff',
    summary: 'paths that differ between two states, or between a state and the folder',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'restore',
    summary: 'bring an old state back, or a part of it',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    name: 'undo',
    summary: 'put back what the last pull or restore replaced',
    load: async () => (await import('./commands/undo.ts')).undo,
  },
  {
    name: 'disable',
    summary: 'stop syncing this folder; what is in the cloud stays',
    load: async () => (await import('./commands/disable.ts')).disable,
  },
  {
    name: 'demo',
    summary: 'show all this with a sample instance in a temporary folder',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands and flags in a shell',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
]

const programHelp = `
To begin:     instance-sync setup          in the folder of the instance
Before play:  instance-sync pull
After play:   instance-sync push
Or as one:    instance-sync run -- COMMAND

In a folder that is not set up, pull and push do nothing and say nothing.
When two machines changed the same instance, nothing is overwritten: you are asked, or the
exit code is 20. Every state stays in the history, which is an ordinary restic repository.

Exit codes: 0 done or nothing to do, 1 failed (the folder is as it was), 2 wrong usage,
3 pushed without some unreadable files, 10 no repository, 11 locked, 12 wrong password,
20 conflict, 21 offline where that is not allowed, 130 interrupted, 141 nobody reads the output.

instance-sync COMMAND --help tells about one command.
`

/** What the command line asks for. */
export interface Invocation {
  readonly command: LoadedCommand
  /** flags by their names, and the other words as `args` */
  readonly given: Readonly<Record<string, unknown>>
}

/**
 * Reads the command line.
 *
 * @returns undefined when it asked for help or the version, which was given to `print`
 * @throws Failure when it is not understood
 */
export async function parseCommandLine(
  words: readonly string[],
  print: (text: string) => void,
): Promise<Invocation | undefined> {
  let invocation: Invocation | undefined
  const program = declareProgram(print)
  program.hook('preSubcommand', async (_, declaration) => {
    const entry = commands.find(({ name }) => name === declaration.name())
    if (entry === undefined) return
    const command = await entry.load()
    declareCommand(command, declaration)
    declaration.action(() => {
      invocation = { command, given: { ...declaration.opts(), args: declaration.args } }
    })
  })
  try {
    await program.parseAsync(withHelpFlag(words), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // No command at all: help that the parser takes for an error.
    if (error.code === 'commander.help') print(program.helpInformation() + programHelp)
    else if (error.exitCode !== 0) throw usageFailure(error)
  }
  return invocation
}

/** `help COMMAND` as the flag has it; a command that is not there stays the parser's to complain about. */
function withHelpFlag(words: readonly string[]): readonly string[] {
  const [first, name, ...rest] = words
  if (first !== 'help') return words
  if (name === undefined) return ['--help']
  return commands.some((entry) => entry.name === name) ? [name, '--help', ...rest] : [name, ...rest]
}

/** Flags of its own first, then those of all commands. */
export function declareCommand(command: LoadedCommand, declaration: Command): void {
  command.declare(declaration)
  declareTexts(declaration, commonFlagTexts, 'Options of all commands:')
}

function declareProgram(print: (text: string) => void): Command {
  const program = new Command('instance-sync')
    .description('Keeps a game instance, or any other folder, equal on several machines.')
    .usage('<command> [options]')
    .version(programVersion)
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .addHelpText('after', programHelp)
  for (const { name, summary } of commands) program.command(name).description(summary)
  return program
}

/** The parser's complaint. A flag's value may be a secret and is not repeated. */
function usageFailure(error: CommanderError): Failure {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  const name = quoted.split(/[= ]/, 1)[0] ?? ''
  const text = (): string => {
    switch (error.code) {
      case 'commander.unknownCommand':
        return `there is no command ${name}; instance-sync --help lists them`
      case 'commander.unknownOption':
        return `unknown flag ${name.startsWith('--') ? name : name.slice(0, 2)}`
      case 'commander.optionMissingArgument':
        return `the flag ${quoted.split(' ').find((word) => word.startsWith('--')) ?? name} needs a value`
      case 'commander.excessArguments':
        return 'there are more words than this command takes'
      default:
        return error.message.replace(/^error: /, '')
    }
  }
  return new Failure(text(), { cause: error, isUsage: true })
}
