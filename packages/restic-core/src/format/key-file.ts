import * as z from 'zod'
import { CorruptDataError, UnsupportedError, isResticError } from '../base/errors.ts'
import type { Kernel, ScryptCost } from '../kernel/kernel.ts'
import { validateScryptCost } from '../kernel/scrypt-cost.ts'
import { toBase64 } from './base64.ts'
import { encodeText, formatJsonObject } from './json.ts'
import { jsonBytes, jsonTime, jsonWord, parseJsonObject } from './json-schema.ts'
import { nameToBytes } from './name.ts'
import { type MasterKey, open, seal, validateMasterKey } from './seal.ts'

/** The master key, sealed with a password. Stored as plain JSON; many may exist beside each other. */
export interface KeyFile {
  /** in the form of format/time.ts */
  readonly created: string
  readonly username: string
  readonly hostname: string
  readonly kdf: 'scrypt'
  readonly cost: ScryptCost
  /** 64 bytes */
  readonly salt: Uint8Array
  /** the sealed JSON of the master key */
  readonly data: Uint8Array
}

export const saltLength = 64

/**
 * N·r·p of the most work a key file may ask for: minutes. restic writes 2^21 to 2^24, and without a
 * bound a store could keep whoever opens a repository busy for years.
 */
const workMax = 2 ** 30

const keyFileJson = z.object({
  created: jsonTime,
  username: jsonWord,
  hostname: jsonWord,
  kdf: z.string(),
  N: z.int(),
  r: z.int(),
  p: z.int(),
  salt: jsonBytes,
  data: jsonBytes,
})

/**
 * @throws CorruptDataError check 'json'; 'length' when the salt is not 64 bytes; 'value' when scrypt
 * cannot run with the cost given
 * @throws UnsupportedError for another key derivation than scrypt, and for work without end
 */
export function parseKeyFile(json: Uint8Array, what: string): KeyFile {
  const { value } = parseJsonObject(keyFileJson, json, what)
  const { created, username, hostname, kdf, N, r, p, salt, data } = value
  if (kdf !== 'scrypt') {
    throw new UnsupportedError(`${what} uses the key derivation ${JSON.stringify(kdf)}, not scrypt`)
  }
  if (salt.length !== saltLength) throw new CorruptDataError(what, 'length')
  const cost = { N, r, p }
  try {
    validateScryptCost(cost)
  } catch (cause) {
    throw new CorruptDataError(what, 'value', { cause })
  }
  if (N * r * p > workMax) {
    throw new UnsupportedError(
      `${what} asks for too much work: scrypt N = ${N}, r = ${r}, p = ${p}`,
    )
  }
  return { created, username, hostname, kdf, cost, salt, data }
}

export function formatKeyFile(file: KeyFile): Uint8Array {
  return encodeText(
    formatJsonObject([
      ['created', file.created],
      ['username', file.username],
      ['hostname', file.hostname],
      ['kdf', file.kdf],
      ['N', file.cost.N],
      ['r', file.cost.r],
      ['p', file.cost.p],
      ['salt', toBase64(file.salt)],
      ['data', toBase64(file.data)],
    ]),
  )
}

/** A key file for `masterKey`. `salt` is 64 random bytes, `iv` 16. */
export function sealMasterKey(
  kernel: Kernel,
  masterKey: MasterKey,
  options: Omit<KeyFile, 'kdf' | 'data'> & { readonly password: string; readonly iv: Uint8Array },
): KeyFile {
  const { created, username, hostname, cost, salt, password, iv } = options
  if (salt.length !== saltLength) throw new TypeError(`a salt has ${saltLength} bytes`)
  const userKey = userKeyOf(kernel.scrypt(...stretching(password, { salt, cost })))
  const data = seal(kernel, userKey, formatMasterKey(masterKey), iv)
  return { created, username, hostname, kdf: 'scrypt', cost, salt, data }
}

/**
 * The master key, or undefined when the password is not this key's. Takes as long as the writer of
 * the key file chose, usually half a second.
 *
 * @throws CorruptDataError when the password is right and what it opens is not a master key
 */
export function openMasterKey(
  kernel: Kernel,
  password: string,
  file: KeyFile,
  what: string,
): MasterKey | undefined {
  return openWithStretched(kernel, kernel.scrypt(...stretching(password, file)), file, what)
}

/** As `openMasterKey`, with what scrypt made of `stretching` the password. */
export function openWithStretched(
  kernel: Kernel,
  stretched: Uint8Array,
  file: KeyFile,
  what: string,
): MasterKey | undefined {
  const userKey = userKeyOf(stretched)
  let json: Uint8Array
  try {
    json = open(kernel, userKey, file.data, what)
  } catch (error) {
    if (isResticError(error, 'CORRUPT') && error.check === 'mac') return undefined
    throw error
  }
  return parseMasterKey(json, what)
}

/**
 * What scrypt gets. A password is bytes for restic, so one that is not UTF-8 comes in the encoding of
 * format/name.ts.
 */
export function stretching(
  password: string,
  { salt, cost }: Pick<KeyFile, 'salt' | 'cost'>,
): Parameters<Kernel['scrypt']> {
  return [nameToBytes(password), salt, cost, 64]
}

/** scrypt's 64 bytes are the key for AES, then k and r of the MAC. */
function userKeyOf(stretched: Uint8Array): MasterKey {
  return {
    encrypt: stretched.subarray(0, 32),
    macK: stretched.subarray(32, 48),
    macR: stretched.subarray(48, 64),
  }
}

const masterKeyJson = z.object({
  mac: z.object({ k: jsonBytes, r: jsonBytes }),
  encrypt: jsonBytes,
})

export function parseMasterKey(json: Uint8Array, what: string): MasterKey {
  const { value } = parseJsonObject(masterKeyJson, json, what)
  const key = { encrypt: value.encrypt, macK: value.mac.k, macR: value.mac.r }
  validateMasterKey(key, what)
  return key
}

/** `{"mac":{"k":"…","r":"…"},"encrypt":"…"}`, as `cat masterkey` shows it too. */
export function formatMasterKey(key: MasterKey): Uint8Array {
  const mac = { k: toBase64(key.macK), r: toBase64(key.macR) }
  return encodeText(
    formatJsonObject([
      ['mac', mac],
      ['encrypt', toBase64(key.encrypt)],
    ]),
  )
}
