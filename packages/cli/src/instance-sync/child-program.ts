import { win32 } from 'node:path'
import { Failure } from '../shared/failure.ts'

/** What a process is started with. */
interface ChildProgram {
  readonly file: string
  readonly args: readonly string[]
  /** the arguments are a command line already; only Windows knows such a thing */
  readonly isVerbatim: boolean
}

/** What of the machine decides which program a command names. */
export interface ProgramWorld {
  readonly platform: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingFolder: string
  isFile(path: string): boolean
}

/**
 * The program that a command names. Windows runs batch files only through its command processor,
 * which would take parts of the arguments for syntax; they are quoted so that it does not.
 *
 * @throws Failure for an argument that no quoting can bring to a batch file
 */
export function childProgram(
  command: string,
  args: readonly string[],
  world: ProgramWorld,
): ChildProgram {
  const plain = { file: command, args, isVerbatim: false }
  if (world.platform !== 'win32') return plain
  const script = findOnWindows(command, world)
  if (script === undefined || !/\.(?:bat|cmd)$/i.test(script)) return plain
  const line = [`"${script}"`, ...args.map(batchArgument)].join(' ')
  return {
    file: variable(world, 'ComSpec') ?? 'cmd.exe',
    args: ['/e:ON', '/v:OFF', '/d', '/c', `"${line}"`],
    isVerbatim: true,
  }
}

/** As the command processor looks: here, then in PATH; each with the endings that may be run. */
function findOnWindows(command: string, world: ProgramWorld): string | undefined {
  const endings = (variable(world, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';')
  const names = [
    ...(win32.extname(command) === '' ? [] : [command]),
    ...endings.filter((ending) => ending !== '').map((ending) => `${command}${ending}`),
  ]
  const folders = /[\\/:]/.test(command)
    ? [world.workingFolder]
    : [world.workingFolder, ...(variable(world, 'PATH') ?? '').split(';')]
  for (const folder of folders) {
    for (const name of names) {
      const path = win32.resolve(world.workingFolder, folder.replaceAll('"', ''), name)
      if (world.isFile(path)) return path
    }
  }
  return undefined
}

/** Names of variables are the same in upper and lower case on Windows. */
function variable({ environment }: ProgramWorld, name: string): string | undefined {
  const found = Object.keys(environment).find((key) => key.toUpperCase() === name.toUpperCase())
  return found === undefined ? undefined : environment[found]
}

/** Everything but these is quoted: the list of what the command processor may take for syntax is open. */
const plainArgument = /^[A-Za-z0-9#$*+\-./:?@\\_]+$/

/**
 * One argument of a batch file, as Rust's standard library quotes it since CVE-2024-24576: quotes
 * are doubled, backslashes before a quote too, and `%` is followed by a substring of nothing, so that
 * no `%NAME%` is left to be replaced.
 */
function batchArgument(argument: string): string {
  if (/[\0\r\n]/.test(argument)) {
    throw new Failure('a batch file cannot be given an argument with a line break', {
      isUsage: true,
    })
  }
  if (plainArgument.test(argument) && !argument.endsWith('\\')) return argument
  const inner = argument
    .replace(/(\\*)"/g, '$1$1""')
    .replace(/(\\+)$/, '$1$1')
    .replaceAll('%', '%%cd:~,%')
  return `"${inner}"`
}
