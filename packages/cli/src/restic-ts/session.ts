import { readFile } from 'node:fs/promises'
import { type Backend, type LockEvent, type Repository, isResticError } from 'restic-core'
import { holdHangup } from 'restic-core/node'
import { decodeText } from '../shared/decode-text.ts'
import { Failure } from '../shared/failure.ts'
import { type RepositoryLocation, parseLocation } from '../shared/location.ts'
import { askPassword, givenPassword, refuseEmpty } from '../shared/password.ts'
import { openStore } from '../shared/store.ts'
import { formatGoDuration } from '../shared/units.ts'
import { sessionCache } from './cache.ts'
import type { CommandContext } from './command.ts'
import { retryText } from './retry-text.ts'

/** An opened repository, and the lock a command holds on it. */
export interface Session extends AsyncDisposable {
  readonly repository: Repository
  /** Aborts when the program must end, and when the lock is lost. */
  readonly signal: AbortSignal
}

/** How a command uses the repository. `--no-lock` turns a lock that is only for reading off. */
export type LockWish = 'none' | 'shared' | 'shared-always' | 'exclusive'

export async function openSession(
  context: CommandContext,
  wish: LockWish,
  password?: string,
): Promise<Session> {
  const repository = await (password === undefined
    ? openWithPassword(context)
    : openWith(context, password))
  const mode = wish === 'shared-always' ? 'shared' : wish
  if (mode === 'none' || (wish !== 'shared-always' && !context.globals.lock)) {
    return {
      repository,
      signal: context.signal,
      [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
    }
  }
  const hangup = holdHangup()
  try {
    const lock = await repository.lock(mode, {
      signal: context.signal,
      retryMs: context.globals.retryLock,
      onEvent: (event) => reportLock(event, context),
    })
    return {
      repository,
      signal: AbortSignal.any([context.signal, lock.signal]),
      async [Symbol.asyncDispose]() {
        try {
          await lock[Symbol.asyncDispose]()
        } finally {
          hangup[Symbol.dispose]()
          await repository[Symbol.asyncDispose]()
        }
      },
    }
  } catch (error) {
    hangup[Symbol.dispose]()
    await repository[Symbol.asyncDispose]()
    throw error
  }
}

function reportLock(event: LockEvent, context: CommandContext): void {
  switch (event.type) {
    case 'locked':
      return context.notice(
        `repo already locked, waiting up to ${formatGoDuration(event.retryMs)} for the lock`,
      )
    case 'refresh-failed':
      return context.warn(`unable to refresh lock: ${String(event.error)}`)
    case 'left-behind':
      return context.warn(`unable to remove lock ${event.id}: ${String(event.error)}`)
  }
}

const passwordTries = 3

async function openWithPassword(context: CommandContext): Promise<Repository> {
  const given = await globalPassword(context)
  if (given !== undefined) return openWith(context, given)
  if (!context.passwords.isTerminal) return openWith(context, await ask(context))
  for (let tries = passwordTries; ; tries--) {
    try {
      return await openWith(context, await ask(context))
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

async function openWith(context: CommandContext, password: string): Promise<Repository> {
  const { globals, signal } = context
  const { openRepository } = await import('restic-core')
  const backend = await openGlobalStore(context)
  try {
    return await openRepository({
      backend,
      password,
      keyHint: globals.keyHint === '' ? undefined : globals.keyHint,
      cache: sessionCache(context),
      retry: { onEvent: (event) => context.warn(retryText(event)) },
      signal,
    })
  } catch (error) {
    await backend[Symbol.asyncDispose]()
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
