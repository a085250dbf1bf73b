import { MiB } from '../../base/bytes.ts'
import type { PackId } from '../../base/id.ts'
import type { ReadOptions } from '../../backend/backend.ts'
import type { BlobReader } from '../api.ts'
import { PackMemory } from './pack-memory.ts'

/** By default a pack is full with the blob that takes it over 16 MiB. */
const memoryLength: number = 24 * MiB

/**
 * Fetches packs for jobs into memory that is shared with them, and used again. Memory that moves to
 * another thread and back would do too, but V8 takes each return for growth and collects garbage.
 */
export class PackFetcher {
  readonly #from: Pick<BlobReader, 'readPack'>
  readonly #memory = new PackMemory(memoryLength, (length) => new SharedArrayBuffer(length))

  constructor(from: Pick<BlobReader, 'readPack'>) {
    this.#from = from
  }

  /**
   * Gives a pack, or a range of it, to `use`, which must be done with it when it resolves.
   *
   * @param length bytes that will come
   */
  async fetch<T>(
    id: PackId,
    length: number,
    options: Omit<ReadOptions, 'into'>,
    use: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T> {
    const memory = this.#memory.take(length)
    try {
      const bytes = await this.#from.readPack(id, { ...options, into: memory })
      return await use(bytes.buffer === memory.buffer ? bytes : shared(bytes, memory))
    } finally {
      this.#memory.give(memory)
    }
  }
}

/** A cache, for one, answers from memory of its own. */
function shared(bytes: Uint8Array, memory: Uint8Array): Uint8Array {
  const fits = bytes.length <= memory.length
  const place = fits ? memory : new Uint8Array(new SharedArrayBuffer(bytes.length))
  place.set(bytes)
  return place.subarray(0, bytes.length)
}
