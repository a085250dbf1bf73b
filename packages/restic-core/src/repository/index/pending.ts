import { equalBytes } from '../../base/bytes.ts'
import type { PackId } from '../../base/id.ts'
import type { BlobType } from '../../format/pack-header.ts'
import type { BlobLocation } from './blob-index.ts'

const treeBit = 0x8000_0000
/** The number of no pack: the blob is on its way. */
const noPack = 0x7fff_ffff
const wordsPerRow = 4
const capacityFirst = 256

/**
 * Blobs that this session has taken in hand: on their way to a pack, or stored since the index was
 * loaded. Columns that double when they are full, found through an open-addressing table; rows are
 * as in BlobTable.
 */
export class PendingBlobs {
  #count = 0
  #unplaced = 0
  #ids = new Uint8Array(capacityFirst * 32)
  #rows = new Uint32Array(capacityFirst * wordsPerRow)
  #slots = new Uint32Array(capacityFirst * 2)
  readonly #packs: PackId[] = []

  get size(): number {
    return this.#count
  }

  /** Blobs that are on their way. */
  get unplaced(): number {
    return this.#unplaced
  }

  has(type: BlobType, id: Uint8Array): boolean {
    return this.#entry(type, id) >= 0
  }

  /** False when the blob is in hand already, and so must not be stored a second time. */
  add(type: BlobType, id: Uint8Array): boolean {
    if (this.#count * 32 === this.#ids.length) this.#grow()
    const slot = this.#slot(type, id)
    if (this.#slots[slot] !== 0) return false
    this.#ids.set(id, this.#count * 32)
    this.#rows[this.#count * wordsPerRow] = packWord(type, noPack)
    this.#count++
    this.#unplaced++
    this.#slots[slot] = this.#count
    return true
  }

  /** Tells where the blobs of one pack are, now that it is stored. */
  place(
    pack: PackId,
    blobs: Iterable<
      { readonly type: BlobType; readonly id: Uint8Array } & Omit<BlobLocation, 'pack'>
    >,
  ): void {
    const number = this.#packs.push(pack) - 1
    for (const { type, id, offset, length, uncompressedLength } of blobs) {
      this.add(type, id)
      const row = this.#entry(type, id) * wordsPerRow
      if (this.#isUnplaced(row)) this.#unplaced--
      this.#rows[row] = packWord(type, number)
      this.#rows[row + 1] = offset
      this.#rows[row + 2] = length
      this.#rows[row + 3] = uncompressedLength
    }
  }

  /** Undefined also while the blob is on its way. */
  find(type: BlobType, id: Uint8Array): BlobLocation | undefined {
    const entry = this.#entry(type, id)
    if (entry < 0) return undefined
    const row = entry * wordsPerRow
    const pack = this.#packs[(this.#rows[row] as number) & ~treeBit]
    if (pack === undefined) return undefined
    const [, offset, length, uncompressedLength] = this.#rows.subarray(row, row + wordsPerRow)
    return { pack, offset, length, uncompressedLength } as BlobLocation
  }

  /** Forgets what was taken in hand and never stored, when the work that wanted it has failed. */
  dropUnplaced(): void {
    let kept = 0
    for (let entry = 0; entry < this.#count; entry++) {
      const row = entry * wordsPerRow
      if (this.#isUnplaced(row)) continue
      this.#ids.copyWithin(kept * 32, entry * 32, entry * 32 + 32)
      this.#rows.copyWithin(kept * wordsPerRow, row, row + wordsPerRow)
      kept++
    }
    this.#count = kept
    this.#unplaced = 0
    this.#index(this.#slots.length)
  }

  #isUnplaced(row: number): boolean {
    return ((this.#rows[row] as number) & ~treeBit) === noPack
  }

  #entry(type: BlobType, id: Uint8Array): number {
    return (this.#slots[this.#slot(type, id)] as number) - 1
  }

  /** The slot that holds the blob, or the free one where it belongs. */
  #slot(type: BlobType, id: Uint8Array): number {
    const mask = this.#slots.length - 1
    const hash = new DataView(id.buffer, id.byteOffset).getUint32(0)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1
      if (entry < 0) return slot
      const isTree = ((this.#rows[entry * wordsPerRow] as number) & treeBit) !== 0
      if (isTree !== (type === 'tree')) continue
      if (equalBytes(this.#ids.subarray(entry * 32, entry * 32 + 32), id)) return slot
    }
  }

  #grow(): void {
    const ids = new Uint8Array(this.#ids.length * 2)
    ids.set(this.#ids)
    this.#ids = ids
    const rows = new Uint32Array(this.#rows.length * 2)
    rows.set(this.#rows)
    this.#rows = rows
    this.#index(this.#slots.length * 2)
  }

  #index(slotCount: number): void {
    this.#slots = new Uint32Array(slotCount)
    for (let entry = 0; entry < this.#count; entry++) {
      const isTree = ((this.#rows[entry * wordsPerRow] as number) & treeBit) !== 0
      const id = this.#ids.subarray(entry * 32, entry * 32 + 32)
      this.#slots[this.#slot(isTree ? 'tree' : 'data', id)] = entry + 1
    }
  }
}

function packWord(type: BlobType, pack: number): number {
  return (type === 'tree' ? pack | treeBit : pack) >>> 0
}
