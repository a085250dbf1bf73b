/** States of a slot. `writing` lasts for the eight stores of an id. */
const free = 0
const writing = 1
const taken = 2

const slotWords = 9
/** How long to wait for a slot that is being written: its thread may not run just now, or be dead. */
const writingWaitMs = 200

/**
 * Ids that some thread of this session has already begun to store, in shared memory: a blob that
 * two threads meet at once is compressed and sealed by one of them.
 *
 * A claim is a hint that saves work, never an authority: `claim` may answer true for an id that
 * another thread has too (a full or outgrown table), and the packer drops the second copy. It
 * never answers false for an id that nobody stores.
 */
export class BlobClaims {
  readonly shared: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #slotCount: number

  private constructor(shared: SharedArrayBuffer) {
    this.shared = shared
    this.#words = new Int32Array(shared)
    this.#slotCount = (this.#words.length - 1) / slotWords
  }

  /** @param capacity how many ids fit; a claim beyond that is granted without being remembered */
  static create(capacity: number): BlobClaims {
    const slotCount = Math.ceil(capacity * 1.5) + 1
    return new BlobClaims(new SharedArrayBuffer((slotCount * slotWords + 1) * 4))
  }

  static attach(shared: SharedArrayBuffer): BlobClaims {
    return new BlobClaims(shared)
  }

  /** How many ids are in. */
  get count(): number {
    return Atomics.load(this.#words, this.#slotCount * slotWords)
  }

  /** True when a larger one should be taken for the jobs that start from now on. */
  get isHalfFull(): boolean {
    return this.count * 2 > this.#slotCount
  }

  /** True when the table has no room for a quick answer any more. */
  get isCrowded(): boolean {
    return this.count * 1.5 > this.#slotCount
  }

  /**
   * True for the first that asks for this id, who must then store the blob.
   *
   * @param id memory that holds the 32 bytes of the id at `at`
   */
  claim(id: Uint8Array, at = 0): boolean {
    const words = this.#words
    const key = idWords(id, at)
    const isCrowded = this.isCrowded
    let slot = firstSlot(key, this.#slotCount)
    for (let probes = 0; probes < this.#slotCount; probes++) {
      const base = slot * slotWords
      // Without a look before: memory that is read and then written is mapped by the system twice.
      const state = isCrowded
        ? Atomics.load(words, base)
        : Atomics.compareExchange(words, base, free, writing)
      if (state === free) {
        if (isCrowded) return true
        for (let word = 0; word < 8; word++) words[base + 1 + word] = key[word] as number
        Atomics.store(words, base, taken)
        Atomics.notify(words, base)
        Atomics.add(words, this.#slotCount * slotWords, 1)
        return true
      }
      if (state === writing) {
        Atomics.wait(words, base, writing, writingWaitMs)
        if (Atomics.load(words, base) === writing) return true
      }
      if (sameWords(words, base + 1, key)) return false
      slot = slot + 1 === this.#slotCount ? 0 : slot + 1
    }
    return true
  }

  /** The ids that are in, 32 bytes each, in memory that the next one overwrites. */
  *ids(): Generator<Uint8Array, void> {
    if (this.count === 0) return
    const words = new Int32Array(8)
    const id = new Uint8Array(words.buffer)
    for (let slot = 0; slot < this.#slotCount; slot++) {
      const base = slot * slotWords
      if (Atomics.load(this.#words, base) !== taken) continue
      for (let word = 0; word < 8; word++) words[word] = this.#words[base + 1 + word] as number
      yield id
    }
  }

  /** A table twice as large with the same ids, for the jobs that start from now on. */
  grown(): BlobClaims {
    const next = BlobClaims.create(this.#slotCount * 2)
    for (const id of this.ids()) next.#insert(id)
    return next
  }

  /** Of an id that is not in yet, while no other thread has this table. */
  #insert(id: Uint8Array): void {
    const words = this.#words
    const key = idWords(id, 0)
    let slot = firstSlot(key, this.#slotCount)
    while (words[slot * slotWords] === taken) slot = slot + 1 === this.#slotCount ? 0 : slot + 1
    const base = slot * slotWords
    words[base] = taken
    for (let word = 0; word < 8; word++) words[base + 1 + word] = key[word] as number
    const countAt = this.#slotCount * slotWords
    words[countAt] = (words[countAt] as number) + 1
  }
}

const scratchBytes = new Uint8Array(32)
const scratchWords = new Int32Array(scratchBytes.buffer)

function idWords(id: Uint8Array, at: number): Int32Array {
  for (let byte = 0; byte < 32; byte++) scratchBytes[byte] = id[at + byte] as number
  return scratchWords
}

function firstSlot(key: Int32Array, slotCount: number): number {
  return ((key[0] as number) >>> 0) % slotCount
}

function sameWords(words: Int32Array, at: number, key: Int32Array): boolean {
  for (let word = 0; word < 8; word++) if (words[at + word] !== key[word]) return false
  return true
}
