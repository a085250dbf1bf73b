import { type Command, Option } from 'commander'
import * as z from 'zod'
import type { Compression } from 'restic-core'
import { Failure } from '../shared/failure.ts'
import {
  choiceFlag,
  counted,
  durationFlag,
  numberFlag,
  parseFlags,
  repeated,
  repeatedFlag,
  splitCsv,
  switchFlag,
} from './flags.ts'

const kibibyte = 1024
const mebibyte = 1024 * 1024
/** restic's limits, MiB */
const packSizeMin = 4
const packSizeMax = 128

const globalFlags = z.object({
  repo: z.string().default(''),
  repositoryFile: z.string().default(''),
  passwordFile: z.string().default(''),
  passwordCommand: z.string().default(''),
  insecureNoPassword: switchFlag,
  keyHint: z.string().default(''),
  quiet: switchFlag,
  verbose: z.number().default(0),
  lock: z.boolean().default(true),
  retryLock: durationFlag('retry-lock').default(0),
  json: switchFlag,
  cacheDir: z.string().default(''),
  cache: z.boolean().default(true),
  cleanupCache: switchFlag,
  cacert: repeatedFlag,
  tlsClientCert: z.string().default(''),
  insecureTls: switchFlag,
  compression: choiceFlag('compression', ['auto', 'off', 'fastest', 'better', 'max']).optional(),
  packSize: numberFlag('pack-size').transform(packSize).optional(),
  limitUpload: numberFlag('limit-upload').transform(rateLimit).optional(),
  limitDownload: numberFlag('limit-download').transform(rateLimit).optional(),
  extraVerify: z.boolean().default(true),
  option: repeatedFlag,
  httpUserAgent: z.string().optional(),
  stuckRequestTimeout: durationFlag('stuck-request-timeout').optional(),
})

/** From KiB to bytes; 0 is no limit. */
function rateLimit(kibibytes: number): number | undefined {
  return kibibytes === 0 ? undefined : kibibytes * kibibyte
}

/** From MiB to bytes. */
function packSize(mebibytes: number, context: z.RefinementCtx): number {
  if (mebibytes < packSizeMin) {
    context.addIssue(`Fatal: pack size smaller than minimum of ${packSizeMin} MiB`)
  } else if (mebibytes > packSizeMax) {
    context.addIssue(`Fatal: pack size larger than limit of ${packSizeMax} MiB`)
  }
  return mebibytes * mebibyte
}

/** What every command is told. Sizes are bytes, durations milliseconds; '' means not given. */
export interface GlobalOptions {
  readonly repo: string
  readonly repositoryFile: string
  readonly passwordFile: string
  readonly passwordCommand: string
  /** as given by an environment variable, which is no flag */
  readonly password: string
  readonly insecureNoPassword: boolean
  readonly keyHint: string
  /** 0 quiet, 1 as usual, 2 with `-v`, 3 with more */
  readonly verbosity: 0 | 1 | 2 | 3
  readonly json: boolean
  readonly lock: boolean
  readonly retryLock: number
  readonly cache: boolean
  readonly cacheDir: string
  readonly cleanupCache: boolean
  readonly cacert: readonly string[]
  readonly tlsClientCert: string
  readonly insecureTls: boolean
  readonly compression?: Compression | undefined
  readonly packSize?: number | undefined
  /** bytes per second */
  readonly limitUpload?: number | undefined
  readonly limitDownload?: number | undefined
  readonly extraVerify: boolean
  /** `-o key=value` */
  readonly extended: ReadonlyMap<string, string>
  readonly httpUserAgent?: string | undefined
  readonly stuckRequestTimeout?: number | undefined
  /** redraws per second that the environment asks for */
  readonly progressFps: number | undefined
}

/** Flags, the environment variable that stands for one that is not given, and what it does. */
const declarations: readonly (readonly [flags: string, text: string, variable?: string])[] = [
  ['-r, --repo <repository>', 'repository to work on', 'RESTIC_REPOSITORY'],
  ['--repository-file <file>', 'file that holds the location', 'RESTIC_REPOSITORY_FILE'],
  ['-p, --password-file <file>', 'file that holds the password', 'RESTIC_PASSWORD_FILE'],
  ['--password-command <command>', 'command that prints it', 'RESTIC_PASSWORD_COMMAND'],
  ['--insecure-no-password', 'the repository has an empty password'],
  ['--key-hint <key>', 'id of the key to try first', 'RESTIC_KEY_HINT'],
  ['-q, --quiet', 'print less'],
  ['-v, --verbose', 'print more; twice for every file (--verbose=n)'],
  ['--no-lock', 'do not lock the repository'],
  ['--retry-lock <duration>', 'wait this long for a lock of somebody else, as 5m or 2h'],
  ['--json', 'print JSON'],
  ['--cache-dir <directory>', 'folder of the cache', 'RESTIC_CACHE_DIR'],
  ['--no-cache', 'keep no cache'],
  ['--cleanup-cache', 'remove caches that were not used for 30 days'],
  ['--cacert <file>', 'root certificates to trust (repeatable)', 'RESTIC_CACERT'],
  ['--tls-client-cert <file>', 'client certificate and its key', 'RESTIC_TLS_CLIENT_CERT'],
  ['--insecure-tls', 'accept any certificate'],
  ['--compression <mode>', 'auto, off, fastest, better or max', 'RESTIC_COMPRESSION'],
  ['--pack-size <size>', 'size of a pack in MiB', 'RESTIC_PACK_SIZE'],
  ['--limit-upload <rate>', 'send at most so many KiB per second (0: no limit)'],
  ['--limit-download <rate>', 'receive at most so many KiB per second (0: no limit)'],
  ['--no-extra-verify', 'do not open again what was sealed before it is uploaded'],
  ['-o, --option <key=value>', 'option of a store, as rest.connections=10 (repeatable)'],
  ['--http-user-agent <text>', 'name to give to HTTP servers', 'RESTIC_HTTP_USER_AGENT'],
  ['--stuck-request-timeout <duration>', 'give a request up after so long without progress'],
]

const repeatedNames = ['--cacert', '--option']

export function declareGlobalOptions(command: Command): void {
  for (const [flags, text, variable] of declarations) {
    const description = variable === undefined ? text : `${text} [$${variable}]`
    const option = new Option(flags, description).helpGroup('Global options:')
    if (option.long === '--verbose') option.argParser(counted)
    if (repeatedNames.includes(option.long ?? '')) option.argParser(repeated)
    command.addOption(option)
  }
}

/** Flags given on either side of the command's name; the later one wins. */
export function givenFlags(program: Command, command: Command): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const part of [program, command]) {
    for (const [name, value] of Object.entries(part.opts<Record<string, unknown>>())) {
      if (part.getOptionValueSource(name) !== 'cli') continue
      const before = given[name]
      if (Array.isArray(before) && Array.isArray(value)) given[name] = [...before, ...value]
      else if (typeof before === 'number' && typeof value === 'number') given[name] = before + value
      else given[name] = value
    }
  }
  return given
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws Failure when a value is not understood or two contradict each other */
export function globalOptions(
  given: Readonly<Record<string, unknown>>,
  environment: Environment,
): GlobalOptions {
  const values: Record<string, unknown> = {}
  for (const [flags, , variable] of declarations) {
    const option = new Option(flags)
    const fallback = environment[variable ?? ''] ?? ''
    if (fallback === '') continue
    values[option.attributeName()] = option.long === '--cacert' ? [fallback] : fallback
  }
  const { option, quiet, verbose, ...flags } = parseFlags(globalFlags, { ...values, ...given })
  if (quiet && verbose > 0) {
    throw new Failure('--quiet and --verbose cannot be specified at the same time')
  }
  return {
    ...flags,
    cacert: flags.cacert.flatMap(splitCsv),
    password: environment['RESTIC_PASSWORD'] ?? '',
    verbosity: quiet ? 0 : verbose === 0 ? 1 : verbose === 1 ? 2 : 3,
    extended: extendedOptions(option),
    progressFps: progressFps(environment['RESTIC_PROGRESS_FPS']),
  }
}

function extendedOptions(values: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const text of values.flatMap(splitCsv)) {
    const equals = text.indexOf('=')
    const key = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase()
    const value = equals < 0 ? '' : text.slice(equals + 1).trim()
    if (key === '') throw new Failure('empty key is not a valid option')
    const before = options.get(key)
    if (before !== undefined && before !== value) {
      throw new Failure(`key ${JSON.stringify(key)} present more than once`)
    }
    options.set(key, value)
  }
  return options
}

const fpsMax = 60

function progressFps(text: string | undefined): number | undefined {
  const fps = Number(text ?? '')
  return fps > 0 ? Math.min(fps, fpsMax) : undefined
}
