import { concatBytes, equalBytes, totalLength } from '../../base/bytes.ts'
import { CorruptDataError } from '../../base/errors.ts'
import { releaseOwned } from '../../base/release.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type MasterKey, open, seal } from '../../format/seal.ts'
import { BlobClaims } from '../blob-claims.ts'
import { BlobTable } from '../blob-table.ts'
import type { JobContext, JobPart } from '../pool.ts'
import type { SealedBlobs, StoreSettings } from './store-settings.ts'

/** A part is handed over when it holds this much. */
const partTarget = 1024 * 1024
/** Blobs below this share a buffer on their way to another thread; each buffer costs some time. */
const ownBufferMin = 64 * 1024

export interface SealedBlob {
  readonly sealed: Uint8Array
  readonly compressed: boolean
}

/**
 * Compresses and seals one blob, and opens it again when asked to: a fault of memory or of a
 * codec must not reach the repository.
 *
 * @throws CorruptDataError when what was sealed does not open to the same blob
 */
export function sealBlob(
  kernel: Kernel,
  options: {
    readonly key: MasterKey
    readonly iv: Uint8Array
    readonly level: number | undefined
    readonly verify: boolean
  },
  id: Uint8Array,
  plaintext: Uint8Array,
): SealedBlob {
  const { key, iv, level, verify } = options
  const compressed = level !== undefined && plaintext.length > 0
  const body = compressed ? kernel.compress(plaintext, level) : plaintext
  const sealed = seal(kernel, key, body, iv)
  if (compressed) releaseOwned(body)
  if (verify)
    verifySealed(kernel, key, sealed, { id, plaintextLength: plaintext.length, compressed })
  return { sealed, compressed }
}

function verifySealed(
  kernel: Kernel,
  key: MasterKey,
  sealed: Uint8Array,
  blob: { readonly id: Uint8Array; readonly plaintextLength: number; readonly compressed: boolean },
): void {
  const opened = open(kernel, key, sealed, 'a blob just sealed')
  const back = blob.compressed ? kernel.decompress(opened, blob.plaintextLength) : opened
  const isSame = equalBytes(kernel.sha256(back), blob.id)
  releaseOwned(opened)
  if (blob.compressed) releaseOwned(back)
  if (isSame) return
  throw new CorruptDataError('a blob just sealed', 'hash', {
    hint: 'The memory or processor of this machine may be faulty; nothing was stored.',
  })
}

/** Turns plaintext into blobs for the repository, and gathers those that are new into parts. */
export class BlobSealer {
  readonly #context: JobContext
  readonly #settings: StoreSettings
  readonly #known: BlobTable
  readonly #claims: BlobClaims
  #ids: Uint8Array[] = []
  #sealed: Uint8Array[] = []
  #plaintextLengths: number[] = []
  #compressed: number[] = []
  #pendingLength = 0

  constructor(context: JobContext, settings: StoreSettings) {
    this.#context = context
    this.#settings = settings
    this.#known = BlobTable.attach(settings.known)
    this.#claims = BlobClaims.attach(settings.claims)
  }

  /** The id of the blob, 32 bytes. Seals it unless the repository or another thread has it. */
  add(plaintext: Uint8Array): Uint8Array {
    const { kernel } = this.#context
    const id = kernel.sha256(plaintext)
    if (this.#known.find('data', id) >= 0 || !this.#claims.claim(id)) return id
    const { key, level, verify } = this.#settings
    const iv = this.#context.random(16)
    const { sealed, compressed } = sealBlob(kernel, { key, iv, level, verify }, id, plaintext)
    this.#ids.push(id)
    this.#sealed.push(sealed)
    this.#plaintextLengths.push(plaintext.length)
    this.#compressed.push(compressed ? 1 : 0)
    this.#pendingLength += sealed.length
    return id
  }

  /** Yields what has gathered, once there is enough of it. */
  *parts(): Generator<JobPart<SealedBlobs>, void> {
    if (this.#pendingLength >= partTarget) yield* this.flush()
  }

  /** Yields what has gathered, however little. */
  *flush(): Generator<JobPart<SealedBlobs>, void> {
    if (this.#ids.length === 0) return
    const sealed = sharingBuffers(this.#sealed)
    const value: SealedBlobs = {
      ids: concatBytes(this.#ids),
      plaintextLengths: Uint32Array.from(this.#plaintextLengths),
      compressed: Uint8Array.from(this.#compressed),
      sealed,
    }
    this.#ids = []
    this.#sealed = []
    this.#plaintextLengths = []
    this.#compressed = []
    this.#pendingLength = 0
    const transfer = [...new Set(sealed.map(({ buffer }) => buffer as ArrayBuffer))]
    yield { value, weight: totalLength(sealed), transfer }
  }
}

/** The same blobs, the small ones as views of one buffer. */
function sharingBuffers(blobs: readonly Uint8Array[]): Uint8Array[] {
  const shared = concatBytes(blobs.filter(isSmall))
  let at = 0
  return blobs.map((blob) => {
    if (!isSmall(blob)) return blob
    at += blob.length
    return shared.subarray(at - blob.length, at)
  })
}

/** A buffer can move to another thread only as a whole. */
function isSmall(blob: Uint8Array): boolean {
  return blob.length < ownBufferMin || blob.byteLength !== blob.buffer.byteLength
}
