import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { nameFromBytes } from 'restic-core/format'
import { decodeText, trimBlanks } from './decode-text.ts'
import { Failure } from './failure.ts'
import { splitWords } from './split-words.ts'

/** What flags and environment say about the password, before anything is read. */
interface PasswordSources {
  readonly command?: string | undefined
  readonly file?: string | undefined
  /** the password itself, from an environment variable; empty counts as not given */
  readonly value?: string | undefined
  /** the repository has an empty password on purpose */
  readonly none?: boolean
}

/** Where a password comes from when no source names it. */
export interface PasswordInput {
  readonly isTerminal: boolean
  /** The first line of standard input; empty at its end. */
  readLine(): Promise<string>
  /** Asks on the terminal, without echo. */
  prompt(question: string): Promise<string>
}

/**
 * The password that the sources name: the command's, else the file's, else the variable's.
 *
 * @returns undefined when none names one, so that the caller has to ask
 * @throws Failure when sources contradict each other or cannot be read
 */
export async function givenPassword(sources: PasswordSources): Promise<string | undefined> {
  const { command = '', file = '', value = '' } = sources
  if (command !== '' && file !== '') {
    throw new Failure('Password file and command are mutually exclusive options')
  }
  const password = await readSource(command, file, value)
  if (sources.none !== true) return password
  if (password !== undefined) {
    throw new Failure(
      '--insecure-no-password must not be specified together with providing a password ' +
        'via a cli option or environment variable',
    )
  }
  return ''
}

async function readSource(
  command: string,
  file: string,
  value: string,
): Promise<string | undefined> {
  if (command !== '') return commandPassword(command)
  if (file !== '') return filePassword(file)
  return value === '' ? undefined : value
}

/** Asks for a password on the terminal, or takes the first line of standard input. */
export async function askPassword(input: PasswordInput, question: string): Promise<string> {
  return refuseEmpty(input.isTerminal ? await input.prompt(question) : await input.readLine())
}

/** Asks for a password nobody knows yet: twice, when a person types it. */
export async function askNewPassword(input: PasswordInput): Promise<string> {
  const first = await askPassword(input, 'enter password for new repository: ')
  if (!input.isTerminal) return first
  const second = await input.prompt('enter password again: ')
  if (first !== second) throw new Failure('passwords do not match')
  return first
}

/** @throws Failure, since restic takes an empty password only with a flag of its own */
export function refuseEmpty(password: string): string {
  if (password !== '') return password
  throw new Failure(
    'an empty password is not allowed by default. Pass the flag `--insecure-no-password` ' +
      'to disable this check',
  )
}

async function filePassword(path: string): Promise<string> {
  try {
    return trimBlanks(decodeText(await readFile(path)))
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Failure(
      missing ? `${path} does not exist` : `cannot read the password from ${path}`,
      {
        cause: error,
      },
    )
  }
}

/** Runs the command without a shell; what it says on stderr is for the user's eyes. */
async function commandPassword(command: string): Promise<string> {
  const [program, ...args] = splitWords(command)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Uint8Array[] = []
  child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Failure(`the password command cannot be run: ${error.message}`, { cause: error })),
    )
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'no status'))
  })
  if (code !== 0) throw new Failure(`the password command failed: exit status ${code}`)
  return trimBlanks(nameFromBytes(Buffer.concat(chunks)))
}
