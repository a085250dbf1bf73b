import type { Cancellable } from '../base/cancel.ts'
import { BackendError, isResticError } from '../base/errors.ts'
import { toHex } from '../base/bytes.ts'
import { asId } from '../base/id.ts'
import type { Backend, NamedFileType } from '../backend/backend.ts'
import { type RepositoryConfig, formatConfig } from '../format/config.ts'
import { drawPolynomial, isIrreducible } from '../format/polynomial.ts'
import { type MasterKey, ivLength, seal } from '../format/seal.ts'
import type { Runtime } from '../work/runtime.ts'
import type { InitOptions, OpenedKey, Repository } from './api.ts'
import { isNotFound } from './files.ts'
import { keyNames, searchKey } from './key-search.ts'
import { sealKey, writeKey } from './keys.ts'
import { sessionParts } from './session-parts.ts'
import { RepositorySession } from './session.ts'

/**
 * Makes a repository: first its key, then its config, so that what an interruption leaves is no
 * repository yet. The backend belongs to the session from then on.
 *
 * @throws BackendError 'refused' when there is one, or keys or snapshots of one
 * @throws WrongPasswordError when it is to be completed, and was begun with another password
 */
export async function initRepository(options: InitOptions): Promise<Repository> {
  const { backend, runtime, signal } = options
  const { chunkerPolynomial = drawPolynomial((n) => runtime.random(n)), version = 2 } = options
  if (!isIrreducible(chunkerPolynomial)) throw new RangeError('the polynomial is not irreducible')
  const password =
    typeof options.password === 'string' ? options.password : await options.password()
  await backend.create({ signal })
  await refuseConfig(backend, { signal })
  if (!options.completes) {
    await refuseAny(backend, 'key', 'repository already contains keys', { signal })
  }
  await refuseAny(backend, 'snapshot', 'repository already contains snapshots', { signal })
  // Sealing takes half a second. Whoever may go on with another machine's key looks for it only
  // then, so that nearly always two machines at once store one key.
  const drawn = drawMasterKey(runtime)
  const ownKey = sealKey(runtime, drawn, { ...options, password })
  const begun = options.completes ? await begunKey(options, password) : undefined
  if (begun === undefined) await writeKey(backend, ownKey, { signal })

  const { keyId, masterKey } = begun ?? { keyId: ownKey.id, masterKey: drawn }
  const id = asId<'repository'>(toHex(runtime.random(32)))
  const config: RepositoryConfig = { version, id, chunkerPolynomial }
  const iv = runtime.random(ivLength)
  const sealed = seal(runtime.kernel, masterKey, formatConfig(config), iv)
  try {
    await backend.write({ type: 'config' }, [sealed], { signal })
  } catch (error) {
    if (begun === undefined && isRefused(error)) await removeOwnKey(backend, keyId, { signal })
    throw error
  }
  return new RepositorySession(sessionParts({ ...options, key: { keyId, masterKey }, config }))
}

/** The key of an init that was interrupted before its config; of several, all who ask take the same. */
async function begunKey(
  { backend, runtime, signal }: InitOptions,
  password: string,
): Promise<OpenedKey | undefined> {
  const names = (await keyNames(backend, { signal })).toSorted()
  if (names.length === 0) return undefined
  return searchKey(backend, runtime, { password, names, signal })
}

/** Somebody else was quicker, so our key opens nothing. An append-only store keeps it all the same. */
async function removeOwnKey(backend: Backend, name: string, options: Cancellable): Promise<void> {
  try {
    await backend.remove({ type: 'key', name }, options)
  } catch (error) {
    if (!isResticError(error, 'BACKEND')) throw error
  }
}

function isRefused(error: unknown): boolean {
  return isResticError(error, 'BACKEND') && error.reason === 'refused'
}

function drawMasterKey(runtime: Runtime): MasterKey {
  return { encrypt: runtime.random(32), macK: runtime.random(16), macR: runtime.random(16) }
}

async function refuseConfig(backend: Backend, options: Cancellable): Promise<void> {
  try {
    await backend.stat({ type: 'config' }, options)
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  throw new BackendError('config file already exists', 'refused', {
    hint: `There is a repository at ${backend.location} already.`,
  })
}

async function refuseAny(
  backend: Backend,
  type: NamedFileType,
  message: string,
  options: Cancellable,
): Promise<void> {
  for await (const { name } of backend.list(type, options)) {
    throw new BackendError(`${message}: ${name}`, 'refused', {
      hint: `A repository at ${backend.location} has lost its config, or its creation was interrupted.`,
    })
  }
}
