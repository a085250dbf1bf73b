import { fromHex } from '../../base/bytes.ts'
import type { BlobId, PackId } from '../../base/id.ts'
import {
  type BlobIndex,
  type BlobLocation,
  plaintextLength,
} from '../../repository/index/blob-index.ts'
import type { BlobRow } from '../../work/blob-table.ts'

/**
 * The copies of blobs that a plan reads, each by a number: its row in the loaded index, or behind
 * these one of those that were stored since.
 */
export class BlobCopies {
  readonly #index: BlobIndex
  readonly #added: { readonly id: Uint8Array; readonly row: BlobRow }[] = []
  readonly #addedNumbers = new Map<BlobId, number>()
  readonly #addedPacks: PackId[] = []

  constructor(index: BlobIndex) {
    this.#index = index
  }

  /** undefined when the repository lacks the blob. */
  find(blob: BlobId): number | undefined {
    const id = fromHex(blob)
    const row = this.#index.table.find('data', id)
    if (row >= 0) return row
    const known = this.#addedNumbers.get(blob)
    if (known !== undefined) return known
    const location = this.#index.find('data', blob)
    return location === undefined ? undefined : this.#add(blob, id, location)
  }

  row(copy: number): BlobRow {
    const { table } = this.#index
    if (copy < table.count) return table.row(copy)
    return this.#addedAt(copy).row
  }

  /** 32 bytes */
  id(copy: number): Uint8Array {
    const { table } = this.#index
    return copy < table.count ? table.id(copy) : this.#addedAt(copy).id
  }

  length(copy: number): number {
    return plaintextLength(this.row(copy))
  }

  packId(pack: number): PackId {
    const { packCount } = this.#index.table
    if (pack < packCount) return this.#index.packId(pack)
    return this.#addedPacks[pack - packCount] as PackId
  }

  #addedAt(copy: number): { readonly id: Uint8Array; readonly row: BlobRow } {
    const added = this.#added[copy - this.#index.table.count]
    if (added === undefined) throw new RangeError(`no blob copy has the number ${copy}`)
    return added
  }

  #add(blob: BlobId, id: Uint8Array, { pack: packId, ...place }: BlobLocation): number {
    const { table } = this.#index
    let pack = this.#addedPacks.indexOf(packId)
    if (pack < 0) pack = this.#addedPacks.push(packId) - 1
    const copy = table.count + this.#added.length
    this.#added.push({ id, row: { ...place, pack: table.packCount + pack } })
    this.#addedNumbers.set(blob, copy)
    return copy
  }
}
