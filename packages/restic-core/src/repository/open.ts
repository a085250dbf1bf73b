import type { Cancellable } from '../base/cancel.ts'
import {
  CorruptDataError,
  NoRepositoryError,
  WrongPasswordError,
  isResticError,
} from '../base/errors.ts'
import type { Backend } from '../backend/backend.ts'
import { type RepositoryConfig, parseConfig } from '../format/config.ts'
import { isIrreducible } from '../format/polynomial.ts'
import { type MasterKey, open } from '../format/seal.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Runtime } from '../work/runtime.ts'
import type { OpenOptions, OpenedKey, Repository } from './api.ts'
import { loadRaw } from './files.ts'
import { type KeySearch, keyNames, searchKey } from './key-search.ts'
import { sessionParts } from './session-parts.ts'
import { RepositorySession } from './session.ts'

/**
 * Finds the key that the password opens and reads the config. The backend belongs to the session
 * from then on; when this rejects, it is still the caller's.
 *
 * @throws NoRepositoryError when there is no config
 * @throws WrongPasswordError when no key opens
 * @throws CorruptDataError when config or key are damaged
 */
export async function openRepository(options: OpenOptions): Promise<Repository> {
  const { backend, runtime, password, keyHint: hint, signal } = options
  const isOpened = isOpenedKey(password)
  // Both are wanted in any case, and a request costs more than its answer.
  const [sealedConfig, names] = await bothInOrder(
    loadSealedConfig(backend, runtime.kernel, { signal }),
    isOpened ? [] : keyNames(backend, { signal }),
  )
  const opened = isOpened
    ? { key: password, config: openConfigWithKey(runtime.kernel, password, sealedConfig) }
    : await searchOpening(backend, runtime, sealedConfig, {
        password: typeof password === 'string' ? password : await password(),
        names,
        hint,
        signal,
      })
  return new RepositorySession(sessionParts({ ...options, ...opened }))
}

/**
 * The key that the password opens and that opens the config. Two who made the repository at once
 * and took no turns, as restic's `init` does not, have both left a key; only one of them is the
 * config's.
 */
async function searchOpening(
  backend: Backend,
  runtime: Runtime,
  sealedConfig: Uint8Array,
  search: KeySearch,
): Promise<{ readonly key: OpenedKey; readonly config: RepositoryConfig }> {
  let mismatch: unknown
  for (let names = search.names; ;) {
    const key = await nextKey(backend, runtime, { ...search, names }, mismatch)
    try {
      return { key, config: openConfig(runtime.kernel, key.masterKey, sealedConfig) }
    } catch (error) {
      if (!isResticError(error, 'CORRUPT') || error.check !== 'mac') throw error
      mismatch ??= error
      names = names.filter((name) => name !== key.keyId)
    }
  }
}

/** When no further key opens, the config is what is wrong, and not the password. */
async function nextKey(
  backend: Backend,
  runtime: Runtime,
  search: KeySearch,
  mismatch: unknown,
): Promise<OpenedKey> {
  try {
    return await searchKey(backend, runtime, search)
  } catch (error) {
    throw isResticError(error, 'WRONG_PASSWORD') ? (mismatch ?? error) : error
  }
}

function isOpenedKey(password: OpenOptions['password']): password is OpenedKey {
  return typeof password === 'object'
}

/** Waits for both; when both fail, the first tells more. */
async function bothInOrder<A, B>(first: Promise<A>, second: Promise<B> | B): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'rejected') throw a.reason
  if (b.status === 'rejected') throw b.reason
  return [a.value, b.value]
}

async function loadSealedConfig(
  backend: Backend,
  kernel: Kernel,
  options: Cancellable,
): Promise<Uint8Array> {
  let sealed: Uint8Array
  try {
    sealed = await loadRaw(backend, kernel, { type: 'config' }, options)
  } catch (cause) {
    if (!isResticError(cause, 'MISSING')) throw cause
    throw new NoRepositoryError('repository does not exist: unable to open config file', {
      hint: `Is there a repository at the following location?\n${backend.location}`,
      cause,
    })
  }
  if (sealed.length === 0) {
    throw new CorruptDataError('config', 'length', {
      hint: 'The config file has zero size; is this a repository?',
    })
  }
  return sealed
}

/** A key kept from an earlier session may be of a repository that stood here before. */
function openConfigWithKey(kernel: Kernel, key: OpenedKey, sealed: Uint8Array): RepositoryConfig {
  try {
    return openConfig(kernel, key.masterKey, sealed)
  } catch (cause) {
    if (!isResticError(cause, 'CORRUPT') || cause.check !== 'mac') throw cause
    throw new WrongPasswordError('the key kept from before does not open this repository', {
      hint: 'Open it with its password. If that fails too, its config is damaged.',
      cause,
    })
  }
}

function openConfig(kernel: Kernel, masterKey: MasterKey, sealed: Uint8Array): RepositoryConfig {
  const config = parseConfig(open(kernel, masterKey, sealed, 'config'))
  if (!isIrreducible(config.chunkerPolynomial)) {
    throw new CorruptDataError('config', 'value', { hint: 'invalid chunker polynomial' })
  }
  return config
}
