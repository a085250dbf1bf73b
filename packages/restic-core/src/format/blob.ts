import { MiB, toHex } from '../base/bytes.ts'
import { CorruptDataError } from '../base/errors.ts'
import type { BlobId } from '../base/id.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { type MasterKey, open } from './seal.ts'

/** A blob may be this long whatever its entry in the index says; restic believes the blob too. */
const plaintextLengthAllowed = 64 * MiB
/** Twice the longest chunk. Longer plaintexts, of trees, get memory of their own. */
const borrowedMax = 16 * MiB

/**
 * The plaintext of a blob as a pack stores it: sealed, and compressed when its entry has a length
 * before compression.
 *
 * @param what names the blob in errors
 * @param isBorrowed puts the plaintext into the kernel's workspace, valid until that is asked for again
 * @throws CorruptDataError check 'mac', 'length', 'zstd', or 'hash' when it is another blob
 */
export function openBlob(
  kernel: Kernel,
  key: MasterKey,
  sealed: Uint8Array,
  blob: { readonly id: BlobId; readonly uncompressedLength: number },
  what: string,
  isBorrowed = false,
): Uint8Array {
  const { uncompressedLength } = blob
  const isCompressed = uncompressedLength > 0
  // An index may promise any length, and no memory is got for a promise that no writer makes.
  const room = isBorrowed && uncompressedLength <= borrowedMax ? uncompressedLength : 0
  const memory = isCompressed || isBorrowed ? kernel.workspace(sealed.length + room) : undefined
  const stored = open(kernel, key, sealed, what, memory)
  const into = room > 0 ? memory?.subarray(sealed.length) : undefined
  const plaintext = isCompressed ? decompress(kernel, stored, blob, what, into) : stored
  if (toHex(kernel.sha256(plaintext)) !== blob.id) throw new CorruptDataError(what, 'hash')
  return plaintext
}

function decompress(
  kernel: Kernel,
  frame: Uint8Array,
  blob: { readonly uncompressedLength: number },
  what: string,
  into: Uint8Array | undefined,
): Uint8Array {
  const lengthMax = Math.max(blob.uncompressedLength, plaintextLengthAllowed)
  try {
    return kernel.decompress(frame, lengthMax, into)
  } catch (cause) {
    throw new CorruptDataError(what, 'zstd', { cause })
  }
}
