import { KiB, MiB, concatBytes, equalBytes } from '../../base/bytes.ts'
import { CorruptDataError } from '../../base/errors.ts'
import { releaseOwned } from '../../base/release.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { frameLengthMax } from '../../kernel/zstd-frames.ts'
import { type MasterKey, open, sealInto, sealOverhead } from '../../format/seal.ts'
import { autoLevel } from './auto-level.ts'
import { BlobClaims } from '../blob-claims.ts'
import { BlobTable } from '../blob-table.ts'
import type { JobContext, JobPart } from '../pool.ts'
import type { SealedBlobs, StoreSettings } from './store-settings.ts'

/** A part is handed over when it holds this much. */
const partTarget: number = 512 * KiB
/**
 * What parts are given to gather in, so that most blobs fit. V8 counts memory that comes back from
 * another thread as new: with more it would collect garbage all the time.
 */
const partMemoryLength: number = 2 * MiB

/** Few chunks are longer; room for the longest would stay with each thread. */
const workspacePlaintextMax: number = 4 * MiB

export interface SealedBlob {
  readonly sealed: Uint8Array
  readonly compressed: boolean
}

/**
 * Compresses and seals one blob, and opens it again when asked to: a fault of memory or of a
 * codec must not reach the repository.
 *
 * @param memory gives the place for the sealed blob, of the length it is asked for
 * @throws CorruptDataError when what was sealed does not open to the same blob
 */
export function sealBlob(
  kernel: Kernel,
  options: {
    readonly key: MasterKey
    readonly iv: Uint8Array
    readonly level: StoreSettings['level']
    readonly verify: boolean
  },
  id: Uint8Array,
  plaintext: Uint8Array,
  memory: (length: number) => Uint8Array = (length) => new Uint8Array(length),
): SealedBlob {
  const { key, iv, level, verify } = options
  const compressed = level !== undefined && plaintext.length > 0
  const body = compressed ? compress(kernel, plaintext, level) : plaintext
  const sealed = sealInto(kernel, key, body, iv, memory(body.length + sealOverhead))
  if (verify)
    verifySealed(kernel, key, sealed, { id, plaintextLength: plaintext.length, compressed })
  return { sealed, compressed }
}

/** The frame may be in the kernel's workspace. */
function compress(kernel: Kernel, plaintext: Uint8Array, level: number | 'auto'): Uint8Array {
  const chosen = level === 'auto' ? autoLevel(kernel, plaintext) : level
  return kernel.compress(plaintext, chosen, kernel.workspace(frameLengthMax(plaintext.length)))
}

function verifySealed(
  kernel: Kernel,
  key: MasterKey,
  sealed: Uint8Array,
  blob: { readonly id: Uint8Array; readonly plaintextLength: number; readonly compressed: boolean },
): void {
  const { plaintextLength, compressed } = blob
  const room = plaintextLength <= workspacePlaintextMax ? plaintextLength : 0
  const memory = kernel.workspace(sealed.length + room)
  const opened = open(kernel, key, sealed, 'a blob just sealed', memory)
  const back = compressed
    ? kernel.decompress(opened, plaintextLength, memory.subarray(sealed.length))
    : opened
  const isSame = equalBytes(kernel.sha256(back), blob.id)
  if (back.buffer !== memory.buffer) releaseOwned(back)
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
  #lengths: number[] = []
  #plaintextLengths: number[] = []
  #compressed: number[] = []
  /** where the next part gathers; undefined while there is nothing of it */
  #memory: Uint8Array<ArrayBuffer> | undefined
  #filled = 0

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
    const options = { key, iv: this.#context.random(16), level, verify }
    const { sealed, compressed } = sealBlob(kernel, options, id, plaintext, (length) =>
      this.#place(length),
    )
    this.#filled += sealed.length
    this.#ids.push(id)
    this.#lengths.push(sealed.length)
    this.#plaintextLengths.push(plaintext.length)
    this.#compressed.push(compressed ? 1 : 0)
    return id
  }

  /** Memory behind what has gathered. */
  #place(length: number): Uint8Array {
    const { partMemory } = this.#context
    const end = this.#filled + length
    if (this.#memory === undefined || this.#memory.length < end) {
      const longer = partMemory.take(Math.max(end, partMemoryLength))
      if (this.#memory !== undefined) {
        longer.set(this.#memory.subarray(0, this.#filled))
        partMemory.give(this.#memory)
      }
      this.#memory = longer
    }
    return this.#memory.subarray(this.#filled, end)
  }

  /** Yields what has gathered, once there is enough of it. */
  *parts(): Generator<JobPart<SealedBlobs>, void> {
    if (this.#filled >= partTarget) yield* this.flush()
  }

  /** Yields what has gathered, however little. */
  *flush(): Generator<JobPart<SealedBlobs>, void> {
    const memory = this.#memory
    if (memory === undefined) return
    const value: SealedBlobs = {
      ids: concatBytes(this.#ids),
      lengths: Uint32Array.from(this.#lengths),
      plaintextLengths: Uint32Array.from(this.#plaintextLengths),
      compressed: Uint8Array.from(this.#compressed),
      sealed: memory.subarray(0, this.#filled),
    }
    this.#ids = []
    this.#lengths = []
    this.#plaintextLengths = []
    this.#compressed = []
    this.#filled = 0
    this.#memory = undefined
    yield { value, memory }
  }
}
