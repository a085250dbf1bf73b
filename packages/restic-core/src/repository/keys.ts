import { equalBytes, toHex } from '../base/bytes.ts'
import type { Cancellable } from '../base/cancel.ts'
import { CorruptDataError } from '../base/errors.ts'
import { type KeyId, asId } from '../base/id.ts'
import type { Backend } from '../backend/backend.ts'
import {
  type KeyFile,
  formatKeyFile,
  parseKeyFile,
  saltLength,
  sealMasterKey,
} from '../format/key-file.ts'
import { type MasterKey, ivLength } from '../format/seal.ts'
import { formatTime } from '../format/time.ts'
import type { ScryptCost } from '../kernel/kernel.ts'
import { calibrateScrypt } from '../kernel/scrypt-cost.ts'
import type { Runtime } from '../work/runtime.ts'
import type { Repository } from './api.ts'
import { removeIfThere, smallFileLabel } from './files.ts'
import { tryKey } from './key-search.ts'

export interface NewKey {
  readonly password: string
  /** Names that go into the key file, for people to tell keys apart. */
  readonly hostname: string
  readonly username: string
  /** How hard it is to try a password. Measured unless given: half a second on this machine. */
  readonly cost?: ScryptCost | undefined
}

export interface StoredKey extends Pick<KeyFile, 'created' | 'hostname' | 'username'> {
  readonly id: KeyId
  /** The session was opened with it. */
  readonly isCurrent: boolean
}

type KeyHolder = Pick<Repository, 'files' | 'keyId' | 'masterKey' | 'runtime'>

/** Every key, in no order. @throws CorruptDataError naming a damaged one */
export async function* listKeys(
  repository: KeyHolder,
  options: Cancellable = {},
): AsyncGenerator<StoredKey, void> {
  for await (const { name } of repository.files.list('key', options)) {
    const file = { type: 'key', name } as const
    const json = await repository.files.loadRaw(file, options)
    const { created, hostname, username } = parseKeyFile(json, smallFileLabel(file))
    const id = asId<'key'>(name)
    yield { id, created, hostname, username, isCurrent: id === repository.keyId }
  }
}

/**
 * Lets one more password open the repository. The key is read back and opened before it counts.
 *
 * @throws CorruptDataError when what was stored does not open; it is removed again
 */
export async function addKey(
  { files, masterKey, runtime }: KeyHolder,
  newKey: NewKey,
  options: Cancellable = {},
): Promise<KeyId> {
  const sealed = sealKey(runtime, masterKey, newKey)
  const { id } = sealed
  await writeKey(files.backend, sealed, options)
  try {
    const opened = await tryKey(files.backend, runtime, newKey.password, id, options)
    if (!opened || !sameKey(opened.masterKey, masterKey)) {
      throw new CorruptDataError(smallFileLabel({ type: 'key', name: id }), 'mac')
    }
  } catch (error) {
    await removeIfThere(files.backend, { type: 'key', name: id })
    throw error
  }
  return id
}

/** @throws RangeError for the key the session was opened with */
export async function removeKey(
  { files, keyId }: KeyHolder,
  id: KeyId,
  options: Cancellable = {},
): Promise<void> {
  if (id === keyId)
    throw new RangeError('refusing to remove key currently used to access repository')
  await files.remove('key', id, options)
}

/**
 * Replaces the key the session was opened with. The old one goes last, so that an interruption
 * leaves both.
 *
 * @returns the new key; the session still names the old one
 */
export async function changePassword(
  repository: KeyHolder,
  newKey: NewKey,
  options: Cancellable = {},
): Promise<KeyId> {
  const id = await addKey(repository, newKey, options)
  await repository.files.remove('key', repository.keyId, options)
  return id
}

/** A key file that is not stored yet. */
export interface SealedKey {
  readonly id: KeyId
  readonly bytes: Uint8Array
}

/** Seals the master key with a password, which takes as long as stretching it. */
export function sealKey(
  runtime: Runtime,
  masterKey: MasterKey,
  { password, hostname, username, cost }: NewKey,
): SealedKey {
  const { kernel, clock } = runtime
  const keyFile = sealMasterKey(kernel, masterKey, {
    created: formatTime(clock.nowNs(), clock),
    username,
    hostname,
    cost: cost ?? calibrateScrypt(kernel, () => Number(clock.nowNs() / 1_000_000n)),
    salt: runtime.random(saltLength),
    password,
    iv: runtime.random(ivLength),
  })
  const bytes = formatKeyFile(keyFile)
  return { id: asId<'key'>(toHex(kernel.sha256(bytes))), bytes }
}

export async function writeKey(
  backend: Backend,
  { id, bytes }: SealedKey,
  options: Cancellable,
): Promise<void> {
  await backend.write({ type: 'key', name: id }, [bytes], options)
}

function sameKey(a: MasterKey, b: MasterKey): boolean {
  return (
    equalBytes(a.encrypt, b.encrypt) && equalBytes(a.macK, b.macK) && equalBytes(a.macR, b.macR)
  )
}
