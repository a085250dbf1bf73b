import type { PackId } from '../../base/id.ts'
import { joinRanges } from '../../repository/blobs/ranges.ts'
import type { BlobCopies } from './blob-copies.ts'
import { Column } from './column.ts'

/** Part of a pack that is fetched with one request, and what of it is written where. */
export interface Stretch {
  readonly pack: PackId
  /** bytes from the start of the pack */
  readonly offset: number
  readonly length: number
  /** Numbers of the writes, in the order in which their blobs lie in the pack. */
  readonly writes: readonly number[]
}

const noStretch = -1
const manyStretches = -2

/** Where blobs go: one row for each write of a blob to a file. Costs 20 bytes a write. */
export class ContentPlan {
  readonly copies: BlobCopies
  readonly #writeCopies = Column.words()
  readonly #writeFiles = Column.words()
  readonly #writePositions = Column.doubles()
  /** The writes grouped by pack, and where each group ends. Empty until `arrange`. */
  #order: Uint32Array = new Uint32Array(0)
  #packEnds: readonly number[] = []
  /** Of each file the number of the stretch that writes it, or one of the constants above. */
  #stretchOfFile: Int32Array = new Int32Array(0)

  constructor(copies: BlobCopies) {
    this.copies = copies
  }

  add(copy: number, file: number, position: number): void {
    this.#writeCopies.push(copy)
    this.#writeFiles.push(file)
    this.#writePositions.push(position)
  }

  copy(write: number): number {
    return this.#writeCopies.at(write)
  }

  file(write: number): number {
    return this.#writeFiles.at(write)
  }

  position(write: number): number {
    return this.#writePositions.at(write)
  }

  /** How many writes each file gets. */
  writesOfFiles(fileCount: number): Uint32Array {
    const counts = new Uint32Array(fileCount)
    for (const write of this.#order) {
      const file = this.file(write)
      counts[file] = (counts[file] as number) + 1
    }
    return counts
  }

  /** Whether one stretch writes all there is to write of a file. */
  isWrittenAtOnce(file: number): boolean {
    return (this.#stretchOfFile[file] as number) >= 0
  }

  /** Groups the writes, once all are known. */
  arrange(fileCount: number): void {
    this.#groupByPack()
    this.#stretchOfFile = new Int32Array(fileCount).fill(noStretch)
    let number = 0
    for (const { writes } of this.stretches()) {
      for (const write of writes) this.#noteStretch(this.file(write), number)
      number++
    }
  }

  /** In the order in which files first need a pack, so that files are finished one after the other. */
  *stretches(): Generator<Stretch> {
    let start = 0
    for (const end of this.#packEnds) {
      const parts = Array.from(this.#order.subarray(start, end), (write) => {
        const { offset, length } = this.copies.row(this.copy(write))
        return { write, offset, length }
      })
      const { pack } = this.copies.row(this.copy(this.#order[start] as number))
      const packId = this.copies.packId(pack)
      for (const { offset, length, parts: joined } of joinRanges(parts)) {
        yield { pack: packId, offset, length, writes: joined.map(({ write }) => write) }
      }
      start = end
    }
  }

  #noteStretch(file: number, stretch: number): void {
    const known = this.#stretchOfFile[file]
    if (known !== stretch) this.#stretchOfFile[file] = known === noStretch ? stretch : manyStretches
  }

  /** Packs get ranks by their first use; then the writes are sorted by rank, by counting. */
  #groupByPack(): void {
    const count = this.#writeCopies.length
    const ranks = new Uint32Array(count)
    const rankOfPack = new Map<number, number>()
    const ends: number[] = []
    for (let write = 0; write < count; write++) {
      const { pack } = this.copies.row(this.copy(write))
      const rank = rankOfPack.get(pack) ?? rankOfPack.size
      rankOfPack.set(pack, rank)
      ranks[write] = rank
      ends[rank] = (ends[rank] ?? 0) + 1
    }
    for (let rank = 1; rank < ends.length; rank++) {
      ends[rank] = (ends[rank] as number) + (ends[rank - 1] as number)
    }
    this.#order = new Uint32Array(count)
    this.#packEnds = ends
    const next = [0, ...ends]
    for (const [write, rank] of ranks.entries()) {
      const at = next[rank] as number
      this.#order[at] = write
      next[rank] = at + 1
    }
  }
}
