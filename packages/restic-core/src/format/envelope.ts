import { GiB, equalBytes } from '../base/bytes.ts'
import { CorruptDataError, UnsupportedError } from '../base/errors.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { type MasterKey, open, seal } from './seal.ts'

const compressedMark = 2
const openingBrace = 0x7b
const openingBracket = 0x5b
const levelDefault = 3
/** A million blobs make an index of 150 MB, and restic starts a new index at 50,000. */
const fileLengthMax = GiB

/**
 * What is sealed of an index, snapshot or lock file: in version 1 its JSON, in version 2 the byte
 * 0x02 and the JSON as a zstd frame.
 */
export function wrapFile(
  kernel: Kernel,
  version: 1 | 2,
  json: Uint8Array,
  level: number = levelDefault,
): Uint8Array {
  if (version === 1) return json
  const frame = kernel.compress(json, level)
  const wrapped = new Uint8Array(1 + frame.length)
  wrapped[0] = compressedMark
  wrapped.set(frame, 1)
  return wrapped
}

/**
 * The JSON in what was sealed. JSON that is not compressed is allowed in version 2 too; an empty
 * file stays empty.
 *
 * @param version undefined while the config has not been read: then as in version 2
 * @throws CorruptDataError check 'zstd', also for more than 1 GiB
 * @throws UnsupportedError for an encoding that does not exist yet
 */
export function unwrapFile(
  kernel: Kernel,
  version: 1 | 2 | undefined,
  plaintext: Uint8Array,
  what: string,
): Uint8Array {
  const mark = plaintext[0]
  if (version === 1 || mark === undefined || mark === openingBrace || mark === openingBracket) {
    return plaintext
  }
  if (mark !== compressedMark) {
    throw new UnsupportedError(`${what} is encoded in a way this version does not know (${mark})`)
  }
  try {
    return kernel.decompress(plaintext.subarray(1), fileLengthMax)
  } catch (cause) {
    throw new CorruptDataError(what, 'zstd', { cause })
  }
}

/**
 * The bytes to store for a document. They are opened again first: a fault of memory or of a
 * compressor must not become the only copy.
 *
 * @param iv 16 random bytes, never used before
 * @param what names the file in errors
 * @throws CorruptDataError check 'value' when they do not open to the same document
 */
export function sealFile(
  kernel: Kernel,
  sealing: { readonly key: MasterKey; readonly version: 1 | 2; readonly iv: Uint8Array },
  json: Uint8Array,
  what: string,
): Uint8Array {
  const { key, version, iv } = sealing
  const sealed = seal(kernel, key, wrapFile(kernel, version, json), iv)
  if (equalBytes(unwrapFile(kernel, version, open(kernel, key, sealed, what), what), json)) {
    return sealed
  }
  throw new CorruptDataError(what, 'value', {
    hint: 'Nothing was written. This computer does not compute reliably: test its memory.',
  })
}
