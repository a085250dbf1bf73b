import type { PackId } from '../../base/id.ts'
import type { PackColumns } from '../../format/pack-columns.ts'
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
  /** Numbers of the packs that an index file in the store names. */
  readonly #indexed = new Set<number>()

  get size(): number {
    return this.#count
  }

  /** Blobs that are on their way. */
  get unplaced(): number {
    return this.#unplaced
  }

  /** @param id memory that holds the 32 bytes of the id at `at` */
  has(type: BlobType, id: Uint8Array, at = 0): boolean {
    return this.#entry(type, id, at) >= 0
  }

  /**
   * False when the blob is in hand already, and so must not be stored a second time.
   *
   * @param id memory that holds the 32 bytes of the id at `at`
   */
  add(type: BlobType, id: Uint8Array, at = 0): boolean {
    if (this.#count * 32 === this.#ids.length) this.#grow()
    const slot = this.#slot(type, id, at)
    if (this.#slots[slot] !== 0) return false
    const start = this.#count * 32
    for (let byte = 0; byte < 32; byte++) this.#ids[start + byte] = id[at + byte] as number
    this.#rows[this.#count * wordsPerRow] = packWord(type, noPack)
    this.#count++
    this.#unplaced++
    this.#slots[slot] = this.#count
    return true
  }

  /** Tells where the blobs of one pack are, now that it is stored. */
  place(pack: PackId, blobs: PackColumns): void {
    const { types, ids, offset, length, uncompressedLength } = blobs
    const number = this.#packs.push(pack) - 1
    for (let blob = 0; blob < types.length; blob++) {
      const type = types[blob] === 1 ? 'tree' : 'data'
      this.add(type, ids, blob * 32)
      const row = this.#entry(type, ids, blob * 32) * wordsPerRow
      if (this.#isUnplaced(row)) this.#unplaced--
      this.#rows[row] = packWord(type, number)
      this.#rows[row + 1] = offset[blob] as number
      this.#rows[row + 2] = length[blob] as number
      this.#rows[row + 3] = uncompressedLength[blob] as number
    }
  }

  /** Undefined also while the blob is on its way. */
  find(type: BlobType, id: Uint8Array): BlobLocation | undefined {
    const entry = this.#entry(type, id, 0)
    if (entry < 0) return undefined
    const row = entry * wordsPerRow
    const pack = this.#packs[(this.#rows[row] as number) & ~treeBit]
    if (pack === undefined) return undefined
    const [, offset, length, uncompressedLength] = this.#rows.subarray(row, row + wordsPerRow)
    return { pack, offset, length, uncompressedLength } as BlobLocation
  }

  /** Tells that an index file in the store names these packs: their blobs are there to stay. */
  confirm(packs: Iterable<PackId>): void {
    const named = new Set(packs)
    for (const [number, pack] of this.#packs.entries())
      if (named.has(pack)) this.#indexed.add(number)
  }

  /**
   * Forgets what no index file names, when the work that wanted it has failed: nobody else finds it,
   * and whoever stores the same later must store it again.
   */
  dropUnindexed(): void {
    let kept = 0
    for (let entry = 0; entry < this.#count; entry++) {
      const row = entry * wordsPerRow
      if (!this.#indexed.has((this.#rows[row] as number) & ~treeBit)) continue
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

  #entry(type: BlobType, id: Uint8Array, at: number): number {
    return (this.#slots[this.#slot(type, id, at)] as number) - 1
  }

  /** The slot that holds the blob, or the free one where it belongs. */
  #slot(type: BlobType, id: Uint8Array, at: number): number {
    const mask = this.#slots.length - 1
    const wanted = type === 'tree' ? treeBit : 0
    for (let slot = hashOf(id, at) & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#slots[slot] as number) - 1
      if (entry < 0) return slot
      const bit = ((this.#rows[entry * wordsPerRow] as number) & treeBit) >>> 0
      if (bit === wanted && this.#holds(entry, id, at)) return slot
    }
  }

  #holds(entry: number, id: Uint8Array, at: number): boolean {
    const start = entry * 32
    for (let byte = 0; byte < 32; byte++) {
      if (this.#ids[start + byte] !== id[at + byte]) return false
    }
    return true
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
      this.#slots[this.#slot(isTree ? 'tree' : 'data', this.#ids, entry * 32)] = entry + 1
    }
  }
}

/** Ids are hashes, so any word of one serves. */
function hashOf(id: Uint8Array, at: number): number {
  return (
    ((id[at] as number) << 24) |
    ((id[at + 1] as number) << 16) |
    ((id[at + 2] as number) << 8) |
    (id[at + 3] as number)
  )
}

function packWord(type: BlobType, pack: number): number {
  return (type === 'tree' ? pack | treeBit : pack) >>> 0
}
