import { readFile } from 'node:fs/promises'
import {
  type Backend,
  type Begun,
  type EarlyWork,
  type OpenOptions,
  type Repository,
  isResticError,
  openRepository,
} from 'restic-core'
import { nodeRuntime } from 'restic-core/node'
import { decodeText } from '../shared/decode-text.ts'
import { Failure } from '../shared/failure.ts'
import { type RepositoryLocation, parseLocation } from '../shared/location.ts'
import { askPassword, givenPassword, refuseEmpty } from '../shared/password.ts'
import { openStore } from '../shared/store.ts'
import { cleanUpCaches, sessionCache } from './cache.ts'
import type { CommandContext } from './command.ts'
import { retryText } from './retry-text.ts'

const passwordTries = 3

/** What a command may settle itself. */
export interface OpeningOptions {
  /** instead of what flags and environment give */
  readonly password?: string | undefined
  /** the index will be asked for, so it may be loaded while the lock is waited for */
  readonly needsIndex?: boolean | undefined
  /** begins while the lock is waited for */
  readonly early?: EarlyWork<Begun> | undefined
  /** there will be jobs, so threads may start while the key is derived */
  readonly needsThreads?: boolean | undefined
  /** instead of the cache that flags and environment name */
  readonly cache?: NonNullable<OpenOptions['cache']> | 'none' | undefined
  /** jobs at once; as many as there are processors unless given */
  readonly threads?: number | undefined
}

/** An opened repository, with what it stands on. */
interface OpenedRepository extends AsyncDisposable {
  readonly repository: Repository
}

/** Opens the repository that flags and environment name; a person may try the password again. */
export async function openGlobalRepository(
  context: CommandContext,
  options: OpeningOptions,
): Promise<OpenedRepository> {
  const given = options.password ?? (await globalPassword(context))
  if (given !== undefined) return openWith(context, given, options)
  if (!context.passwords.isTerminal) return openWith(context, await ask(context), options)
  for (let tries = passwordTries; ; tries--) {
    try {
      return await openWith(context, await ask(context), options)
    } catch (error) {
      if (tries === 1 || !isResticError(error, 'WRONG_PASSWORD')) throw error
      context.warn('wrong password')
    }
  }
}

/** What flags and environment give, once; undefined when somebody must be asked. */
export async function globalPassword({ globals }: CommandContext): Promise<string | undefined> {
  const password = await givenPassword({
    command: globals.passwordCommand,
    file: globals.passwordFile,
    value: globals.password,
    none: globals.insecureNoPassword,
  })
  if (password === undefined || globals.insecureNoPassword) return password
  return refuseEmpty(password)
}

/** As given, or asked for once. */
export async function anyPassword(context: CommandContext): Promise<string> {
  return (await globalPassword(context)) ?? (await ask(context))
}

function ask(context: CommandContext): Promise<string> {
  return askPassword(context.passwords, 'enter password for repository: ')
}

async function openWith(
  context: CommandContext,
  password: string,
  { threads, needsThreads, cache = sessionCache(context) }: OpeningOptions,
): Promise<OpenedRepository> {
  const { globals, signal } = context
  await cleanUpCaches(context)
  const backend = await openGlobalStore(context)
  const runtime = await nodeRuntime(threads === undefined ? {} : { threads })
  if (needsThreads === true) runtime.pool.prepare()
  try {
    const repository = await openRepository({
      backend,
      runtime,
      password,
      keyHint: globals.keyHint === '' ? undefined : globals.keyHint,
      cache: cache === 'none' ? undefined : cache,
      retry: { onEvent: (event) => context.warn(retryText(event)) },
      signal,
    })
    return {
      repository,
      async [Symbol.asyncDispose]() {
        await repository[Symbol.asyncDispose]()
        await runtime[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await backend[Symbol.asyncDispose]()
    await runtime[Symbol.asyncDispose]()
    throw error
  }
}

/** The store that `--repo` or its file names, with the options of its kind. */
export async function openGlobalStore(context: CommandContext): Promise<Backend> {
  const { globals, environment } = context
  const location = await globalLocation(context)
  return openStore(location, {
    environment,
    connections: connectionsOption(location, globals.extended),
    caFiles: globals.cacert,
    clientCertificateFile: globals.tlsClientCert,
    insecureTls: globals.insecureTls,
    stuckTimeoutMs: globals.stuckRequestTimeout,
    limits: {
      uploadBytesPerSecond: globals.limitUpload,
      downloadBytesPerSecond: globals.limitDownload,
    },
    userAgent: globals.httpUserAgent,
  })
}

async function globalLocation(context: CommandContext): Promise<RepositoryLocation> {
  return parseLocation(await locationText(context))
}

/** The location as it was written, possibly with credentials. */
export async function locationText({ globals }: CommandContext): Promise<string> {
  const { repo, repositoryFile } = globals
  if (repo !== '' && repositoryFile !== '') {
    throw new Failure(
      'Options -r and --repository-file are mutually exclusive, please specify only one',
    )
  }
  const text = repositoryFile === '' ? repo : await locationFrom(repositoryFile)
  if (text === '') {
    throw new Failure('Please specify repository location (-r or --repository-file)')
  }
  return text
}

async function locationFrom(path: string): Promise<string> {
  try {
    return decodeText(await readFile(path)).trim()
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new Failure(
      missing ? `${path} does not exist` : `cannot read ${path}: ${String(error)}`,
      {
        cause: error,
      },
    )
  }
}

/** `-o` options of the store in use; those of other stores are left alone, as restic does. */
function connectionsOption(
  { store }: RepositoryLocation,
  extended: ReadonlyMap<string, string>,
): number | undefined {
  let connections: number | undefined
  for (const [key, value] of extended) {
    if (!key.startsWith(`${store}.`)) continue
    if (key !== `${store}.connections`) throw new Failure(`option ${key} is not known`)
    if (!/^[1-9]\d{0,3}$/.test(value)) {
      throw new Failure(`option ${key} must be a number from 1 on, not ${JSON.stringify(value)}`)
    }
    connections = Number(value)
  }
  return connections
}
