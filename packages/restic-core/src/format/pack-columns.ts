import { writeHex } from '../base/bytes.ts'
import type { BlobType, PackEntry } from './pack-header.ts'

/**
 * The blobs of one pack in pack order, in columns: a backup of small files has so many that an
 * object for each costs more than the files. Offsets and lengths are bytes.
 */
export interface PackColumns {
  /** 0 data, 1 tree */
  readonly types: Uint8Array
  /** 32 bytes each */
  readonly ids: Uint8Array
  /** from the start of the pack */
  readonly offset: Uint32Array
  /** sealed: with nonce and MAC */
  readonly length: Uint32Array
  /** 0 when the blob is stored without compression */
  readonly uncompressedLength: Uint32Array
}

const typeData = 0
const typeTree = 1
const capacityFirst = 64

/** Columns that grow by a row for each blob, and double when they are full. */
export class PackRows {
  #count = 0
  #length = 0
  #types = new Uint8Array(capacityFirst)
  #ids = new Uint8Array(capacityFirst * 32)
  #offset = new Uint32Array(capacityFirst)
  #lengths = new Uint32Array(capacityFirst)
  #uncompressedLength = new Uint32Array(capacityFirst)

  /** blobs */
  get count(): number {
    return this.#count
  }

  /** bytes of sealed blobs, which lie without gaps */
  get length(): number {
    return this.#length
  }

  /** @param id 32 bytes */
  add(
    type: BlobType,
    id: Uint8Array,
    { length, uncompressedLength }: Pick<PackEntry, 'length' | 'uncompressedLength'>,
  ): void {
    const row = this.#count
    if (row === this.#types.length) this.#reserve(row + 1)
    this.#types[row] = type === 'tree' ? typeTree : typeData
    for (let byte = 0; byte < 32; byte++) this.#ids[row * 32 + byte] = id[byte] as number
    this.#offset[row] = this.#length
    this.#lengths[row] = length
    this.#uncompressedLength[row] = uncompressedLength
    this.#count++
    this.#length += length
  }

  /** Adds the rows of a pack that is put behind this one. */
  append(other: PackRows): void {
    const { types, ids, offset, length, uncompressedLength } = other.columns()
    this.#reserve(this.#count + other.count)
    this.#types.set(types, this.#count)
    this.#ids.set(ids, this.#count * 32)
    this.#offset.set(
      offset.map((bytes) => bytes + this.#length),
      this.#count,
    )
    this.#lengths.set(length, this.#count)
    this.#uncompressedLength.set(uncompressedLength, this.#count)
    this.#count += other.count
    this.#length += other.length
  }

  /** Views of what is in, valid until more is added. */
  columns(): PackColumns {
    return {
      types: this.#types.subarray(0, this.#count),
      ids: this.#ids.subarray(0, this.#count * 32),
      offset: this.#offset.subarray(0, this.#count),
      length: this.#lengths.subarray(0, this.#count),
      uncompressedLength: this.#uncompressedLength.subarray(0, this.#count),
    }
  }

  #reserve(count: number): void {
    if (count <= this.#types.length) return
    const capacity = Math.max(count, 2 * this.#types.length)
    this.#types = longer(this.#types, new Uint8Array(capacity))
    this.#ids = longer(this.#ids, new Uint8Array(capacity * 32))
    this.#offset = longer(this.#offset, new Uint32Array(capacity))
    this.#lengths = longer(this.#lengths, new Uint32Array(capacity))
    this.#uncompressedLength = longer(this.#uncompressedLength, new Uint32Array(capacity))
  }
}

function longer<Column extends Uint8Array | Uint32Array>(old: Column, column: Column): Column {
  column.set(old)
  return column
}

/** The same blobs in columns. */
export function packColumns(entries: readonly PackEntry[]): PackColumns {
  const ids = new Uint8Array(entries.length * 32)
  for (const [row, { id }] of entries.entries()) writeHex(id, ids, row * 32)
  return {
    types: Uint8Array.from(entries, ({ type }) => (type === 'tree' ? typeTree : typeData)),
    ids,
    offset: Uint32Array.from(entries, ({ offset }) => offset),
    length: Uint32Array.from(entries, ({ length }) => length),
    uncompressedLength: Uint32Array.from(entries, ({ uncompressedLength }) => uncompressedLength),
  }
}
