import { CorruptDataError } from '../base/errors.ts'
import type { Kernel } from '../kernel/kernel.ts'

/** The keys everything in a repository is sealed with. */
export interface MasterKey {
  /** AES-256, 32 bytes */
  readonly encrypt: Uint8Array
  /** AES-128 key that makes Poly1305's nonce, 16 bytes */
  readonly macK: Uint8Array
  /** Poly1305's r, 16 bytes, as drawn: it is clamped when used, never when stored */
  readonly macR: Uint8Array
}

export const ivLength = 16
const macLength = 16
/** What sealing adds to a plaintext, bytes. */
export const sealOverhead: number = ivLength + macLength

/** As `sealInto`, in memory of its own. */
export function seal(
  kernel: Kernel,
  key: MasterKey,
  plaintext: Uint8Array,
  iv: Uint8Array,
): Uint8Array {
  return sealInto(kernel, key, plaintext, iv, new Uint8Array(plaintext.length + sealOverhead))
}

/**
 * Enciphers and authenticates.
 *
 *     offset  size  field
 *          0    16  iv: AES-256-CTR's first counter block
 *         16     n  ciphertext, as long as the plaintext
 *     16 + n    16  mac: Poly1305-AES of the ciphertext, with the iv as nonce
 *
 * Source: restic's design document, section "Keys, Encryption and MAC".
 *
 * @param iv 16 random bytes, never used before
 * @param sealed where it goes: `sealOverhead` bytes longer than the plaintext
 * @returns `sealed`
 */
export function sealInto(
  kernel: Kernel,
  key: MasterKey,
  plaintext: Uint8Array,
  iv: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  if (iv.length !== ivLength || isZero(iv)) {
    throw new TypeError(`an iv is ${ivLength} bytes that are not all zero`)
  }
  const ciphertext = sealed.subarray(ivLength, ivLength + plaintext.length)
  kernel.aesCtr(key.encrypt, iv, plaintext, ciphertext)
  sealed.set(iv)
  sealed.set(mac(kernel, key, iv, ciphertext), ivLength + ciphertext.length)
  return sealed
}

/**
 * Checks and deciphers what `seal` made.
 *
 * @param what names the thing in errors
 * @param into where the plaintext goes; new memory if left out
 * @throws CorruptDataError check 'mac', also when the key is not the one it was sealed with; 'length'
 * when it is too short to be sealed; 'value' when the iv is all zero, which no writer may use
 */
export function open(
  kernel: Kernel,
  key: MasterKey,
  sealed: Uint8Array,
  what: string,
  into?: Uint8Array,
): Uint8Array {
  if (sealed.length < sealOverhead) throw new CorruptDataError(what, 'length')
  const iv = sealed.subarray(0, ivLength)
  if (isZero(iv)) throw new CorruptDataError(what, 'value')
  const ciphertext = sealed.subarray(ivLength, sealed.length - macLength)
  const expected = sealed.subarray(sealed.length - macLength)
  if (!equalInConstantTime(mac(kernel, key, iv, ciphertext), expected)) {
    throw new CorruptDataError(what, 'mac')
  }
  return kernel.aesCtr(key.encrypt, iv, ciphertext, into?.subarray(0, ciphertext.length))
}

/** @throws CorruptDataError when a part has the wrong length or is all zero */
export function validateMasterKey(key: MasterKey, what: string): void {
  const parts = [
    { bytes: key.encrypt, length: 32 },
    { bytes: key.macK, length: 16 },
    { bytes: key.macR, length: 16 },
  ]
  for (const { bytes, length } of parts) {
    if (bytes.length !== length) throw new CorruptDataError(what, 'length')
    if (isZero(bytes)) throw new CorruptDataError(what, 'value')
  }
}

/** Poly1305-AES: the one-time key is r and then the iv enciphered with k. */
function mac(kernel: Kernel, key: MasterKey, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const oneTimeKey = new Uint8Array(32)
  oneTimeKey.set(key.macR)
  oneTimeKey.set(kernel.aesBlock(key.macK, iv), 16)
  return kernel.poly1305(oneTimeKey, ciphertext)
}

/** Takes as long for the first byte wrong as for the last, so that time tells nothing of the MAC. */
function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let at = 0; at < a.length; at++) difference |= (a[at] as number) ^ (b[at] ?? 0)
  return difference === 0
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
