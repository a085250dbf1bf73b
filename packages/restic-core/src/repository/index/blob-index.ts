import { fromHex, toHex } from '../../base/bytes.ts'
import { type BlobId, type PackId, asId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { BlobType } from '../../format/pack-header.ts'
import { BlobTable, type BlobRow } from '../../work/blob-table.ts'
import { PendingBlobs } from './pending.ts'

/** Where one copy of a blob is stored. Lengths and offsets are bytes. */
export interface BlobLocation {
  readonly pack: PackId
  readonly offset: number
  /** sealed: with nonce and MAC */
  readonly length: number
  /** 0 when the blob is stored without compression */
  readonly uncompressedLength: number
}

/** A blob in a pack, as the index tells. */
interface IndexedBlob {
  readonly type: BlobType
  readonly id: BlobId
  readonly offset: number
  readonly length: number
  readonly uncompressedLength: number
}

/** Plaintext bytes of a blob, from what the index tells. */
export function plaintextLength(blob: {
  readonly length: number
  readonly uncompressedLength: number
}): number {
  return blob.uncompressedLength === 0 ? blob.length - 32 : blob.uncompressedLength
}

/**
 * Which blobs the repository has and where: the table loaded from the index files, which worker
 * threads read too, and what this session has added since.
 */
export class BlobIndex {
  readonly table: BlobTable
  readonly pending: PendingBlobs = new PendingBlobs()

  constructor(table: BlobTable) {
    this.table = table
  }

  static of(files: readonly IndexColumns[]): BlobIndex {
    return new BlobIndex(BlobTable.build(files))
  }

  /** Blobs in the loaded index files. */
  get count(): number {
    return this.table.count
  }

  has(type: BlobType, id: BlobId): boolean {
    return this.hasBytes(type, fromHex(id))
  }

  /** @param id memory that holds the 32 bytes of the id at `at` */
  hasBytes(type: BlobType, id: Uint8Array, at = 0): boolean {
    return this.table.find(type, id, at) >= 0 || this.pending.has(type, id, at)
  }

  find(type: BlobType, id: BlobId): BlobLocation | undefined {
    const bytes = fromHex(id)
    const entry = this.table.find(type, bytes)
    if (entry >= 0) return this.#location(this.table.row(entry))
    return this.pending.find(type, bytes)
  }

  /** Every copy, for when one of them turns out to be damaged. */
  findAll(type: BlobType, id: BlobId): BlobLocation[] {
    const bytes = fromHex(id)
    const found: BlobLocation[] = []
    for (
      let entry = this.table.find(type, bytes);
      entry >= 0;
      entry = this.table.find(type, bytes, 0, entry)
    ) {
      found.push(this.#location(this.table.row(entry)))
    }
    const added = this.pending.find(type, bytes)
    return added === undefined ? found : [...found, added]
  }

  /** The packs the loaded index files name. */
  *packs(): Generator<PackId> {
    for (let pack = 0; pack < this.table.packCount; pack++) yield this.packId(pack)
  }

  /** The packs that hold trees. */
  *treePacks(): Generator<PackId> {
    const seen = new Uint8Array(this.table.packCount)
    for (let entry = 0; entry < this.table.count; entry++) {
      if (this.table.type(entry) !== 'tree') continue
      const { pack } = this.table.row(entry)
      if (seen[pack] === 0) yield this.packId(pack)
      seen[pack] = 1
    }
  }

  packId(pack: number): PackId {
    return asId<'pack'>(toHex(this.table.packName(pack)))
  }

  /** Entry numbers grouped by pack, in pack order: rows `starts[p]` to `starts[p + 1]` of `entries`. */
  byPack(): { readonly starts: Uint32Array; readonly entries: Uint32Array } {
    const { count, packCount } = this.table
    const starts = new Uint32Array(packCount + 1)
    for (let entry = 0; entry < count; entry++) {
      const next = this.table.row(entry).pack + 1
      starts[next] = (starts[next] as number) + 1
    }
    for (let pack = 0; pack < packCount; pack++) {
      starts[pack + 1] = (starts[pack + 1] as number) + (starts[pack] as number)
    }
    const entries = new Uint32Array(count)
    const filled = starts.slice()
    for (let entry = 0; entry < count; entry++) {
      const { pack } = this.table.row(entry)
      const at = filled[pack] as number
      entries[at] = entry
      filled[pack] = at + 1
    }
    return { starts, entries }
  }

  blob(entry: number): IndexedBlob {
    const { offset, length, uncompressedLength } = this.table.row(entry)
    const id = asId<'blob'>(toHex(this.table.id(entry)))
    return { type: this.table.type(entry), id, offset, length, uncompressedLength }
  }

  #location({ pack, offset, length, uncompressedLength }: BlobRow): BlobLocation {
    return { pack: this.packId(pack), offset, length, uncompressedLength }
  }
}
