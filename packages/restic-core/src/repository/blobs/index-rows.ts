import type { PackId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import { type IndexedPack, indexColumns } from '../../format/index-writer.ts'

/** Packs that are to be in the next index file. */
export class IndexRows {
  readonly #packs: IndexedPack[] = []
  #count = 0
  readonly sinceNs: bigint

  constructor(nowNs: bigint) {
    this.sinceNs = nowNs
  }

  /** blobs */
  get count(): number {
    return this.#count
  }

  add(pack: IndexedPack): void {
    this.#packs.push(pack)
    this.#count += pack.blobs.types.length
  }

  packs(): PackId[] {
    return this.#packs.map(({ id }) => id)
  }

  columns(): IndexColumns {
    return indexColumns(this.#packs)
  }
}
