import { MiB, toHex } from '../base/bytes.ts'
import { CorruptDataError } from '../base/errors.ts'
import type { BlobId } from '../base/id.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { type MasterKey, open } from './seal.ts'

/** A blob may be this long whatever its entry in the index says; restic believes the blob too. */
const plaintextLengthAllowed = 64 * MiB

/**
 * The plaintext of a blob as a pack stores it: sealed, and compressed when its entry has a length
 * before compression.
 *
 * @param what names the blob in errors
 * @throws CorruptDataError check 'mac', 'length', 'zstd', or 'hash' when it is another blob
 */
export function openBlob(
  kernel: Kernel,
  key: MasterKey,
  sealed: Uint8Array,
  blob: { readonly id: BlobId; readonly uncompressedLength: number },
  what: string,
): Uint8Array {
  const isCompressed = blob.uncompressedLength > 0
  const stored = open(
    kernel,
    key,
    sealed,
    what,
    isCompressed ? kernel.workspace(sealed.length) : undefined,
  )
  const plaintext = isCompressed ? decompress(kernel, stored, blob, what) : stored
  if (toHex(kernel.sha256(plaintext)) !== blob.id) throw new CorruptDataError(what, 'hash')
  return plaintext
}

function decompress(
  kernel: Kernel,
  frame: Uint8Array,
  blob: { readonly uncompressedLength: number },
  what: string,
): Uint8Array {
  const lengthMax = Math.max(blob.uncompressedLength, plaintextLengthAllowed)
  try {
    return kernel.decompress(frame, lengthMax)
  } catch (cause) {
    throw new CorruptDataError(what, 'zstd', { cause })
  }
}
