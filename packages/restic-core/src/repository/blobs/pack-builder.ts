import { equalBytes, toHex } from '../../base/bytes.ts'
import { CorruptDataError } from '../../base/errors.ts'
import { type PackId, asId } from '../../base/id.ts'
import type { Hasher, Kernel } from '../../kernel/kernel.ts'
import {
  type BlobType,
  type PackEntry,
  entrySize,
  formatHeaderLength,
  formatPackHeader,
  packEntryCountMax,
  packHeaderLength,
} from '../../format/pack-header.ts'
import { type MasterKey, open, seal } from '../../format/seal.ts'

/** A pack ready for upload: a list of what it holds, in order, never joined. */
export interface FinishedPack {
  readonly id: PackId
  readonly type: BlobType
  readonly entries: readonly PackEntry[]
  readonly body: readonly Uint8Array[]
  /** bytes */
  readonly size: number
}

/** Blobs of one type on their way into one pack. */
export class PackBuilder {
  readonly type: BlobType
  readonly #hasher: Hasher
  readonly #entries: PackEntry[] = []
  readonly #body: Uint8Array[] = []
  #length = 0

  constructor(type: BlobType, kernel: Kernel) {
    this.type = type
    this.#hasher = kernel.sha256Stream()
  }

  /** bytes of sealed blobs */
  get length(): number {
    return this.#length
  }

  /** blobs */
  get count(): number {
    return this.#entries.length
  }

  /** True when one more blob might make the header too long to be read. */
  get isFull(): boolean {
    return this.count >= packEntryCountMax
  }

  add(blob: {
    readonly id: Uint8Array
    readonly sealed: Uint8Array
    readonly uncompressedLength: number
  }): void {
    const { id, sealed, uncompressedLength } = blob
    this.#entries.push({
      type: this.type,
      id: asId<'blob'>(toHex(id)),
      offset: this.#length,
      length: sealed.length,
      uncompressedLength,
    })
    this.#append(sealed)
    this.#length += sealed.length
  }

  /** Takes over what another builder of the same type has gathered. */
  merge(other: PackBuilder): void {
    for (const [at, entry] of other.#entries.entries()) {
      this.#entries.push({ ...entry, offset: this.#length })
      this.#append(other.#body[at] as Uint8Array)
      this.#length += entry.length
    }
  }

  /**
   * Closes the pack: sealed header and its length behind the blobs.
   *
   * @param iv 16 random bytes for the header
   * @throws CorruptDataError when the header does not read back
   */
  finish(kernel: Kernel, key: MasterKey, iv: Uint8Array): FinishedPack {
    const plaintext = formatPackHeader(this.#entries)
    const header = seal(kernel, key, plaintext, iv)
    const what = 'a pack header just sealed'
    if (!equalBytes(open(kernel, key, header, what), plaintext)) {
      throw new CorruptDataError(what, 'header')
    }
    this.#append(header)
    this.#append(formatHeaderLength(header.length))
    return {
      id: asId<'pack'>(toHex(this.#hasher.digest())),
      type: this.type,
      entries: this.#entries,
      body: this.#body,
      size: this.#length + packHeaderLength(this.#entries),
    }
  }

  #append(bytes: Uint8Array): void {
    this.#hasher.update(bytes)
    this.#body.push(bytes)
  }
}

/** What a blob adds to a pack, with its entry in the header. */
export function packedLength(sealedLength: number, uncompressedLength: number): number {
  return sealedLength + entrySize({ uncompressedLength })
}

/** Packs of one type, without empty ones, joined when they fit into one. */
export function mergedPacks(
  packs: readonly PackBuilder[],
  packSize: number,
): readonly PackBuilder[] {
  const [first, ...others] = packs.filter((pack) => pack.count > 0)
  if (first === undefined) return []
  const length = packs.reduce((sum, pack) => sum + pack.length, 0)
  const count = packs.reduce((sum, pack) => sum + pack.count, 0)
  if (length >= packSize || count > packEntryCountMax) return [first, ...others]
  for (const other of others) first.merge(other)
  return [first]
}
