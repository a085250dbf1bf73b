import type { Cancellable } from '../base/cancel.ts'
import { BackendError, isResticError } from '../base/errors.ts'
import { toHex } from '../base/bytes.ts'
import { asId } from '../base/id.ts'
import { systemTimer } from '../base/timer.ts'
import type { Backend, NamedFileType } from '../backend/backend.ts'
import { type RepositoryConfig, formatConfig } from '../format/config.ts'
import { drawPolynomial, isIrreducible } from '../format/polynomial.ts'
import { type MasterKey, ivLength, open, seal } from '../format/seal.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Runtime } from '../work/runtime.ts'
import type { InitOptions, OpenedKey, Repository } from './api.ts'
import { isNotFound, loadRaw } from './files.ts'
import { InitClaims } from './init-claims.ts'
import { keyNames, searchKey } from './key-search.ts'
import { type SealedKey, sealKey, writeKey } from './keys.ts'
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
  const drawn = drawMasterKey(runtime)
  const sealedKey = sealKey(runtime, drawn, { ...options, password })
  const own = { ...sealedKey, key: { keyId: sealedKey.id, masterKey: drawn } }
  const { key, isOwnStored } = await storedKey(options, password, own)

  const id = asId<'repository'>(toHex(runtime.random(32)))
  const config: RepositoryConfig = { version, id, chunkerPolynomial }
  const iv = runtime.random(ivLength)
  const sealed = seal(runtime.kernel, key.masterKey, formatConfig(config), iv)
  try {
    await backend.write({ type: 'config' }, [sealed], { signal })
  } catch (error) {
    if (isOwnStored && isRefused(error)) await removeIfUseless(options, own.key)
    throw error
  }
  if (isOwnStored && key.keyId !== own.id) await removeIfUseless(options, own.key)
  return new RepositorySession(sessionParts({ ...options, key, config }))
}

/** The key that was drawn here. */
interface OwnKey extends SealedKey {
  readonly key: OpenedKey
}

/** The key to make the config with, and whether our own is in the store. */
interface InitKey {
  readonly key: OpenedKey
  readonly isOwnStored: boolean
}

async function storedKey(options: InitOptions, password: string, own: OwnKey): Promise<InitKey> {
  const { backend, signal } = options
  if (options.completes) return firstKey(options, password, own)
  await writeKey(backend, own, { signal })
  return { key: own.key, isOwnStored: true }
}

/**
 * The key that all who make this repository at once make it with: the first that is stored, be it
 * our own, that of another machine, or what an init that was interrupted has left.
 */
async function firstKey(
  { backend, runtime, signal, timer = systemTimer }: InitOptions,
  password: string,
  own: OwnKey,
): Promise<InitKey> {
  const claims = new InitClaims({ backend, runtime, signal, timer })
  let isOwnStored = false
  const storeFirst = async (): Promise<void> => {
    // Others may have had their turn since.
    if ((await keyNames(backend, { signal })).length > 0) return
    await writeKey(backend, own, { signal })
    isOwnStored = true
  }
  for (;;) {
    const names = (await keyNames(backend, { signal })).toSorted()
    if (names.length > 0) {
      await claims.clear()
      const key = await searchKey(backend, runtime, { password, names, signal })
      return { key, isOwnStored }
    }
    const turn = await claims.take(storeFirst)
    if (turn === 'done' && isOwnStored) return { key: own.key, isOwnStored }
    if (turn === 'later') await claims.pause()
  }
}

/**
 * Somebody else was quicker with the config. If it is sealed with another key, ours opens nothing and
 * goes; an append-only store keeps it all the same. Who made the config may have taken ours, though.
 */
async function removeIfUseless(
  { backend, runtime, signal }: InitOptions,
  { keyId, masterKey }: OpenedKey,
): Promise<void> {
  try {
    const sealed = await loadRaw(backend, runtime.kernel, { type: 'config' }, { signal })
    if (opens(runtime.kernel, masterKey, sealed)) return
    await backend.remove({ type: 'key', name: keyId }, { signal })
  } catch (error) {
    // That it is there still is not why the init failed.
    if (!isResticError(error)) throw error
  }
}

function opens(kernel: Kernel, masterKey: MasterKey, sealed: Uint8Array): boolean {
  try {
    open(kernel, masterKey, sealed, 'config')
    return true
  } catch (error) {
    // Damaged in another way it may still be ours.
    return !isResticError(error, 'CORRUPT') || error.check !== 'mac'
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
