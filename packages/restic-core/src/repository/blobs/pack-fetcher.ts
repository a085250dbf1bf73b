import { MiB } from '../../base/bytes.ts'
import type { PackId } from '../../base/id.ts'
import type { ReadOptions } from '../../backend/backend.ts'
import type { BlobReader } from '../api.ts'
import { PackMemory } from './pack-memory.ts'

/** By default a pack is full with the blob that takes it over 16 MiB. */
const packLengthMostly: number = 24 * MiB

/** Fetches packs for jobs: each alone in a buffer, for only as a whole can a buffer move. */
export class PackFetcher implements Disposable {
  readonly #from: Pick<BlobReader, 'readPack'>
  readonly #memory = new PackMemory(packLengthMostly)

  constructor(from: Pick<BlobReader, 'readPack'>) {
    this.#from = from
  }

  /**
   * A pack or a range of it. Its buffer may be longer, and may be given back when it is done with.
   *
   * @param length bytes that will come
   */
  async fetch(
    id: PackId,
    length: number,
    options: Omit<ReadOptions, 'into'>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const into = this.#memory.take(length)
    try {
      const bytes = await this.#from.readPack(id, { ...options, into })
      const fits = bytes.length <= into.length
      const own = fits ? into.subarray(0, bytes.length) : new Uint8Array(bytes.length)
      // A cache, for one, has memory of its own.
      if (bytes.buffer !== into.buffer) own.set(bytes)
      return own
    } catch (error) {
      this.#memory.give(into)
      throw error
    }
  }

  giveBack(memory: Uint8Array<ArrayBuffer>): void {
    this.#memory.give(memory)
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]()
  }
}
