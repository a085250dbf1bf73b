import { KiB, equalBytes, toHex } from '../../base/bytes.ts'
import { CorruptDataError } from '../../base/errors.ts'
import { type PackId, asId } from '../../base/id.ts'
import type { Hasher, Kernel } from '../../kernel/kernel.ts'
import { type PackColumns, PackRows } from '../../format/pack-columns.ts'
import {
  type BlobType,
  entrySize,
  formatHeaderLength,
  formatPackHeader,
  packEntryCountMax,
} from '../../format/pack-header.ts'
import { type MasterKey, open, seal } from '../../format/seal.ts'
import type { PackMemory } from './pack-memory.ts'

/** Small blobs are hashed together: a call costs as much as a kilobyte. */
const hashedAtOnce: number = 64 * KiB

/** A pack ready for upload. Whoever is done with it disposes it, and with it its memory. */
export interface FinishedPack extends Disposable {
  readonly id: PackId
  readonly type: BlobType
  readonly blobs: PackColumns
  readonly body: readonly Uint8Array[]
  /** bytes */
  readonly size: number
}

/** Blobs of one type on their way into one pack. */
export class PackBuilder implements Disposable {
  readonly type: BlobType
  readonly #hasher: Hasher
  readonly #rows = new PackRows()
  readonly #memory: PackMemory
  #bytes: Uint8Array<ArrayBuffer>
  /** bytes that the hasher has seen */
  #hashed = 0

  /** @param length bytes there should be room for from the start */
  constructor(type: BlobType, kernel: Kernel, memory: PackMemory, length = 0) {
    this.type = type
    this.#hasher = kernel.sha256Stream()
    this.#memory = memory
    this.#bytes = memory.take(length)
  }

  /** bytes of sealed blobs */
  get length(): number {
    return this.#rows.length
  }

  /** blobs */
  get count(): number {
    return this.#rows.count
  }

  /** True when one more blob might make the header too long to be read. */
  get isFull(): boolean {
    return this.count >= packEntryCountMax
  }

  /** Copies the sealed blob. */
  add(blob: {
    readonly id: Uint8Array
    readonly sealed: Uint8Array
    readonly uncompressedLength: number
  }): void {
    const { id, sealed, uncompressedLength } = blob
    this.#append(sealed)
    this.#rows.add(this.type, id, { length: sealed.length, uncompressedLength })
    if (this.length - this.#hashed >= hashedAtOnce) this.#hash()
  }

  /** Takes over what another builder of the same type has gathered, and disposes it. */
  merge(other: PackBuilder): void {
    this.#append(other.#bytes.subarray(0, other.length))
    this.#rows.append(other.#rows)
    other[Symbol.dispose]()
  }

  /** Gives the memory back of a pack that is not stored. */
  [Symbol.dispose](): void {
    this.#memory.give(this.#bytes)
  }

  /**
   * Closes the pack: sealed header and its length behind the blobs.
   *
   * @param iv 16 random bytes for the header
   * @throws CorruptDataError when the header does not read back
   */
  finish(kernel: Kernel, key: MasterKey, iv: Uint8Array): FinishedPack {
    const blobs = this.#rows.columns()
    const plaintext = formatPackHeader(blobs)
    const header = seal(kernel, key, plaintext, iv)
    const what = 'a pack header just sealed'
    if (!equalBytes(open(kernel, key, header, what), plaintext)) {
      throw new CorruptDataError(what, 'header')
    }
    const headerLength = formatHeaderLength(header.length)
    this.#hash()
    this.#hasher.update(header)
    this.#hasher.update(headerLength)
    return {
      id: asId<'pack'>(toHex(this.#hasher.digest())),
      type: this.type,
      blobs,
      body: [this.#bytes.subarray(0, this.length), header, headerLength],
      size: this.length + header.length + headerLength.length,
      [Symbol.dispose]: () => this[Symbol.dispose](),
    }
  }

  #append(bytes: Uint8Array): void {
    const end = this.length + bytes.length
    if (end > this.#bytes.length) this.#grow(Math.max(end, 2 * this.#bytes.length))
    this.#bytes.set(bytes, this.length)
  }

  #hash(): void {
    this.#hasher.update(this.#bytes.subarray(this.#hashed, this.length))
    this.#hashed = this.length
  }

  #grow(length: number): void {
    const grown = this.#memory.take(length)
    grown.set(this.#bytes.subarray(0, this.length))
    this.#memory.give(this.#bytes)
    this.#bytes = grown
  }
}

/** What a blob adds to a pack, with its entry in the header. */
export function packedLength(sealedLength: number, uncompressedLength: number): number {
  return sealedLength + entrySize(uncompressedLength)
}

/** Packs of one type, without empty ones, which are disposed, joined when they fit into one. */
export function mergedPacks(
  packs: readonly PackBuilder[],
  packSize: number,
): readonly PackBuilder[] {
  for (const pack of packs) if (pack.count === 0) pack[Symbol.dispose]()
  const [first, ...others] = packs.filter((pack) => pack.count > 0)
  if (first === undefined) return []
  const length = packs.reduce((sum, pack) => sum + pack.length, 0)
  const count = packs.reduce((sum, pack) => sum + pack.count, 0)
  if (length >= packSize || count > packEntryCountMax) return [first, ...others]
  for (const other of others) first.merge(other)
  return [first]
}
