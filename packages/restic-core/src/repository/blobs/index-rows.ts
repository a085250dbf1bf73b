import { writeHex } from '../../base/bytes.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { FinishedPack } from './pack-builder.ts'

/** Packs that are stored and not yet in an index file. */
export class IndexRows {
  #packs: FinishedPack[] = []
  #count = 0
  readonly sinceNs: bigint

  constructor(nowNs: bigint) {
    this.sinceNs = nowNs
  }

  /** blobs */
  get count(): number {
    return this.#count
  }

  /** Keeps the entries only: the bytes of the pack are in the store. */
  add(pack: FinishedPack): void {
    this.#packs.push({ ...pack, body: [] })
    this.#count += pack.entries.length
  }

  columns(): IndexColumns {
    const columns = {
      packs: new Uint8Array(this.#packs.length * 32),
      ids: new Uint8Array(this.#count * 32),
      pack: new Uint32Array(this.#count),
      offset: new Uint32Array(this.#count),
      length: new Uint32Array(this.#count),
      uncompressedLength: new Uint32Array(this.#count),
      types: new Uint8Array(this.#count),
    }
    let row = 0
    for (const [number, pack] of this.#packs.entries()) {
      writeHex(pack.id, columns.packs, number * 32)
      for (const entry of pack.entries) {
        writeHex(entry.id, columns.ids, row * 32)
        columns.pack[row] = number
        columns.offset[row] = entry.offset
        columns.length[row] = entry.length
        columns.uncompressedLength[row] = entry.uncompressedLength
        columns.types[row] = entry.type === 'tree' ? 1 : 0
        row++
      }
    }
    return columns
  }
}
