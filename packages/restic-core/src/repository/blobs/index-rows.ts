import type { IndexColumns } from '../../format/index-file.ts'
import { type IndexedPack, indexColumns } from '../../format/index-writer.ts'
import type { FinishedPack } from './pack-builder.ts'

/** Packs that are stored and not yet in an index file. */
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

  /** Keeps the entries only: the bytes of the pack are in the store. */
  add({ id, entries }: FinishedPack): void {
    this.#packs.push({ id, entries })
    this.#count += entries.length
  }

  columns(): IndexColumns {
    return indexColumns(this.#packs)
  }
}
