import type { IndexColumns } from '../format/index-file.ts'
import type { BlobType } from '../format/pack-header.ts'

/** What another thread needs to look blobs up: shared memory, no copy. */
export interface SharedBlobTable {
  readonly count: number
  readonly packCount: number
  readonly ids: SharedArrayBuffer
  readonly packs: SharedArrayBuffer
  readonly rows: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
}

/** Where one stored copy of a blob lies. Lengths and offsets are bytes. */
export interface BlobRow {
  /** position in the list of packs */
  readonly pack: number
  readonly offset: number
  /** sealed: with nonce and MAC */
  readonly length: number
  /** 0 when the blob is stored without compression */
  readonly uncompressedLength: number
}

const treeBit = 0x8000_0000
const wordsPerRow = 4
/** Slots for each entry. Linear probing stays short, and an entry costs 32 + 16 + 6 bytes. */
const slotsPerEntry = 1.5

/**
 * Every blob of a repository: ids and places in columns of shared memory, found through an
 * open-addressing table. Filled once, then read by any number of threads without a lock.
 *
 * Rows of four 32-bit words: pack (bit 31 set for trees), offset, length, uncompressed length.
 * Ids are SHA-256 and so already uniform: their first word is the hash. A slot holds the number of
 * an entry and one more, 0 when it is free, and above it as many bits of the id's second word as fit:
 * an id that only meets another one on its way has not to be compared with it.
 */
export class BlobTable {
  readonly count: number
  readonly packCount: number
  readonly #shared: SharedBlobTable
  readonly #ids: Uint8Array
  readonly #idWords: Uint32Array
  readonly #packs: Uint8Array
  readonly #rows: Uint32Array
  readonly #slots: Uint32Array
  readonly #tagMask: number

  private constructor(shared: SharedBlobTable) {
    this.#shared = shared
    this.count = shared.count
    this.packCount = shared.packCount
    this.#ids = new Uint8Array(shared.ids)
    this.#idWords = new Uint32Array(shared.ids)
    this.#packs = new Uint8Array(shared.packs)
    this.#rows = new Uint32Array(shared.rows)
    this.#slots = new Uint32Array(shared.slots)
    this.#tagMask = tagMaskOf(shared.ids.byteLength / 32)
  }

  /** The same table as seen from another thread. */
  static attach(shared: SharedBlobTable): BlobTable {
    return new BlobTable(shared)
  }

  /** One table of several index files. Rows that are equal in all columns are kept once. */
  static build(files: readonly IndexColumns[]): BlobTable {
    const capacity = files.reduce((sum, file) => sum + file.ids.length / 32, 0)
    const packCapacity = files.reduce((sum, file) => sum + file.packs.length / 32, 0)
    const builder = new TableBuilder(capacity, packCapacity)
    for (const file of files) builder.add(file)
    return new BlobTable(builder.finish())
  }

  get shared(): SharedBlobTable {
    return this.#shared
  }

  /** bytes of memory held */
  get byteLength(): number {
    const { ids, packs, rows, slots } = this.#shared
    return ids.byteLength + packs.byteLength + rows.byteLength + slots.byteLength
  }

  /**
   * The number of the first copy of a blob, or -1.
   *
   * @param id memory that holds the 32 bytes of the id at `at`
   * @param after a number found before: the search goes on behind it, for copies in other packs
   */
  find(type: BlobType, id: Uint8Array, at = 0, after = -1): number {
    if (this.count === 0) return -1
    const wanted = type === 'tree' ? treeBit : 0
    const slots = this.#slots
    const tagMask = this.#tagMask
    const tag = tagWord(id, at)
    let skipping = after >= 0
    for (
      let slot = firstSlot(id, at, slots.length);
      ;
      slot = slot + 1 === slots.length ? 0 : slot + 1
    ) {
      const value = slots[slot] as number
      if (value === 0) return -1
      if (((value ^ tag) & tagMask) !== 0) continue
      const entry = (value & ~tagMask) - 1
      if (!this.#holds(entry, id, at)) continue
      if (((this.#rows[entry * wordsPerRow] as number) & treeBit) >>> 0 !== wanted) continue
      if (!skipping) return entry
      if (entry === after) skipping = false
    }
  }

  row(entry: number): BlobRow {
    const at = entry * wordsPerRow
    return {
      pack: (this.#rows[at] as number) & ~treeBit,
      offset: this.#rows[at + 1] as number,
      length: this.#rows[at + 2] as number,
      uncompressedLength: this.#rows[at + 3] as number,
    }
  }

  type(entry: number): BlobType {
    return ((this.#rows[entry * wordsPerRow] as number) & treeBit) === 0 ? 'data' : 'tree'
  }

  /** A view of the 32 bytes of an entry's id. */
  id(entry: number): Uint8Array {
    return this.#ids.subarray(entry * 32, entry * 32 + 32)
  }

  /** A view of the 32 bytes of a pack's name. */
  packName(pack: number): Uint8Array {
    return this.#packs.subarray(pack * 32, pack * 32 + 32)
  }

  #holds(entry: number, id: Uint8Array, at: number): boolean {
    const start = entry * 32
    for (let byte = 0; byte < 32; byte++) {
      if (this.#ids[start + byte] !== id[at + byte]) return false
    }
    return true
  }

  /** The whole table as columns, in no particular order; for the local cache of the index. */
  columns(): {
    readonly idWords: Uint32Array
    readonly packs: Uint8Array
    readonly rows: Uint32Array
  } {
    return {
      idWords: this.#idWords.subarray(0, this.count * 8),
      packs: this.#packs.subarray(0, this.packCount * 32),
      rows: this.#rows.subarray(0, this.count * wordsPerRow),
    }
  }
}

/** The same bytes as words, which must not begin in the middle of one. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
}

function firstSlot(id: Uint8Array, at: number, slotCount: number): number {
  const hash =
    (((id[at] as number) << 24) |
      ((id[at + 1] as number) << 16) |
      ((id[at + 2] as number) << 8) |
      (id[at + 3] as number)) >>>
    0
  return Math.floor((hash / 4_294_967_296) * slotCount)
}

/** The bits of a slot that are not needed for the number of an entry, which is `capacity` at most. */
function tagMaskOf(capacity: number): number {
  const entryBits = 32 - Math.clz32(capacity)
  return entryBits === 32 ? 0 : -1 << entryBits
}

/** The second word of an id. */
function tagWord(id: Uint8Array, at: number): number {
  return (
    (id[at + 4] as number) |
    ((id[at + 5] as number) << 8) |
    ((id[at + 6] as number) << 16) |
    ((id[at + 7] as number) << 24)
  )
}

/** Collects rows in memory of the final size; equal rows are found through the slots themselves. */
class TableBuilder {
  readonly #idWords: Uint32Array
  readonly #rows: Uint32Array
  readonly #packs: Uint8Array
  readonly #slots: Uint32Array
  readonly #tagMask: number
  readonly #packNumbers = new PackNumbers()
  #count = 0

  constructor(capacity: number, packCapacity: number) {
    const slotCount = Math.max(8, Math.ceil(capacity * slotsPerEntry))
    this.#idWords = new Uint32Array(new SharedArrayBuffer(capacity * 32))
    this.#rows = new Uint32Array(new SharedArrayBuffer(capacity * wordsPerRow * 4))
    this.#packs = new Uint8Array(new SharedArrayBuffer(packCapacity * 32))
    this.#slots = new Uint32Array(new SharedArrayBuffer(slotCount * 4))
    this.#tagMask = tagMaskOf(capacity)
  }

  add(file: IndexColumns): void {
    const numbers = new Uint32Array(file.packs.length / 32)
    for (let pack = 0; pack < numbers.length; pack++) {
      numbers[pack] = this.#packNumbers.number(file.packs, pack * 32, this.#packs)
    }
    const words = wordsOf(file.ids)
    const count = file.ids.length / 32
    for (let blob = 0; blob < count; blob++) {
      const pack = numbers[file.pack[blob] as number] as number
      const packWord = (file.types[blob] === 1 ? pack | treeBit : pack) >>> 0
      const slot = this.#freeSlot(file, words, blob, packWord)
      if (slot >= 0) this.#insert(slot, file, words, blob, packWord)
    }
  }

  /** -1 when the same row is there already. */
  #freeSlot(file: IndexColumns, words: Uint32Array, blob: number, packWord: number): number {
    const [slots, tagMask] = [this.#slots, this.#tagMask]
    const tag = tagWord(file.ids, blob * 32)
    let slot = firstSlot(file.ids, blob * 32, slots.length)
    for (;;) {
      const value = slots[slot] as number
      if (value === 0) return slot
      const isLike = ((value ^ tag) & tagMask) === 0
      const entry = (value & ~tagMask) - 1
      if (isLike && this.#equals(entry, file, words, blob, packWord)) return -1
      slot = slot + 1 === slots.length ? 0 : slot + 1
    }
  }

  // A million times, so word by word: `set` of 32 bytes takes a quarter of a microsecond.
  #insert(
    slot: number,
    file: IndexColumns,
    words: Uint32Array,
    blob: number,
    packWord: number,
  ): void {
    const entry = this.#count++
    this.#slots[slot] = (tagWord(file.ids, blob * 32) & this.#tagMask) | (entry + 1)
    const [ids, rows] = [this.#idWords, this.#rows]
    for (let word = 0; word < 8; word++) ids[entry * 8 + word] = words[blob * 8 + word] as number
    const row = entry * wordsPerRow
    rows[row] = packWord
    rows[row + 1] = file.offset[blob] as number
    rows[row + 2] = file.length[blob] as number
    rows[row + 3] = file.uncompressedLength[blob] as number
  }

  #equals(
    entry: number,
    file: IndexColumns,
    words: Uint32Array,
    blob: number,
    packWord: number,
  ): boolean {
    const [ids, rows, row] = [this.#idWords, this.#rows, entry * wordsPerRow]
    if (
      rows[row] !== packWord ||
      rows[row + 1] !== file.offset[blob] ||
      rows[row + 2] !== file.length[blob] ||
      rows[row + 3] !== file.uncompressedLength[blob]
    ) {
      return false
    }
    for (let word = 0; word < 8; word++) {
      if (ids[entry * 8 + word] !== words[blob * 8 + word]) return false
    }
    return true
  }

  finish(): SharedBlobTable {
    return {
      count: this.#count,
      packCount: this.#packNumbers.count,
      ids: this.#idWords.buffer as SharedArrayBuffer,
      packs: this.#packs.buffer as SharedArrayBuffer,
      rows: this.#rows.buffer as SharedArrayBuffer,
      slots: this.#slots.buffer as SharedArrayBuffer,
    }
  }
}

/** Gives each pack name one number, however many index files name it. */
class PackNumbers {
  readonly #numbers = new Map<string, number>()

  get count(): number {
    return this.#numbers.size
  }

  number(names: Uint8Array, at: number, packs: Uint8Array): number {
    let key = ''
    for (let byte = 0; byte < 32; byte += 2) {
      key += String.fromCharCode(
        ((names[at + byte] as number) << 8) | (names[at + byte + 1] as number),
      )
    }
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(key, number)
    packs.set(names.subarray(at, at + 32), number * 32)
    return number
  }
}
