import { MiB, toHex } from '../../base/bytes.ts'
import { asId } from '../../base/id.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import type { BlobType } from '../../format/pack-header.ts'
import { BlobClaims } from '../../work/blob-claims.ts'
import { sealBlob } from '../../work/jobs/blob-sealer.ts'
import type { SealedBlobs, StoreSettings } from '../../work/jobs/store-settings.ts'
import type { AddedBlobs, BlobWriter, Compression, SavedBlob, WritingOptions } from '../api.ts'
import { IndexRows } from './index-rows.ts'
import { type FinishedPack, PackBuilder, mergedPacks, packedLength } from './pack-builder.ts'
import { PackMemory } from './pack-memory.ts'
import { Uploader } from './uploader.ts'
import type { WriterContext } from './writing.ts'

const packSizeDefault: number = 16 * MiB
/** An index file is written when it has this many blobs, or when its first ones are this old. */
const indexBlobsMax = 50_000
const indexAgeMaxNs = 600_000_000_000n
/** Open packs of one type. A blob goes to one at random, so that pack sizes do not tell where a file was cut. */
const openPacks = 2
/** sealed header's overhead and the length behind it */
const packClosingLength = 36
/** Few, for most sessions store few blobs, and every page of the table has to be looked at in the end. */
const claimsCapacity = 1 << 12

/** zstd levels of restic's modes. */
const levels: Readonly<Record<Compression, StoreSettings['level']>> = {
  off: undefined,
  fastest: 1,
  auto: 'auto',
  better: 7,
  max: 19,
}

interface NewBlob {
  readonly id: Uint8Array
  readonly sealed: Uint8Array
  readonly plaintextLength: number
  readonly isCompressed: boolean
}

/** Gathers blobs into packs, uploads them and writes the index. */
export class PackingWriter implements BlobWriter {
  readonly #context: WriterContext
  readonly #options: WritingOptions
  readonly #uploader: Uploader
  readonly #packSize: number
  readonly #packMemory: PackMemory
  readonly #open: Record<BlobType, PackBuilder[]> = { data: [], tree: [] }
  readonly #added = { dataBlobs: 0, treeBlobs: 0, added: 0, addedPacked: 0 }
  #claims = BlobClaims.create(claimsCapacity)
  readonly #outgrown: BlobClaims[] = []
  #rows: IndexRows
  /** Packs whose rows are not among those yet. */
  readonly #uploading = new Set<FinishedPack>()
  /** Settles when the last full pack is on its way. */
  #lastClose: Promise<void> | undefined
  #isClosed = false

  constructor(context: WriterContext, options: WritingOptions) {
    this.#context = context
    this.#options = options
    this.#packSize = options.packSize ?? packSizeDefault
    if (!Number.isSafeInteger(this.#packSize) || this.#packSize < 1) {
      throw new RangeError('a pack has 1 byte or more')
    }
    if (!Object.hasOwn(levels, options.compression ?? 'auto')) {
      throw new TypeError(`there is no compression ${options.compression}`)
    }
    // A pack is closed with the blob that fills it, and chunks of files are the longest but for trees.
    this.#packMemory = new PackMemory(
      this.#packSize + chunkLengthMax + (chunkLengthMax >> 7),
      (length) => new ArrayBuffer(length),
    )
    this.#rows = new IndexRows(context.runtime.clock.nowNs())
    this.#uploader = new Uploader(context.backend, (pack) => this.#stored(pack), options)
  }

  get added(): AddedBlobs {
    return { ...this.#added }
  }

  get signal(): AbortSignal {
    return this.#uploader.signal
  }

  async saveBlob(type: BlobType, plaintext: Uint8Array): Promise<SavedBlob> {
    this.signal.throwIfAborted()
    const { runtime } = this.#context
    const { kernel } = runtime
    const hash = kernel.sha256(plaintext)
    const id = asId<'blob'>(toHex(hash))
    if (!this.#isNew(type, hash)) return { id, isNew: false, storedLength: 0 }
    const options = {
      key: this.#context.masterKey,
      iv: runtime.random(16),
      level: this.#level(type),
      verify: this.#options.verify ?? true,
    }
    const { sealed, compressed } = sealBlob(kernel, options, hash, plaintext)
    const blob = { id: hash, sealed, plaintextLength: plaintext.length, isCompressed: compressed }
    await this.#add(type, [blob])
    return { id, isNew: true, storedLength: sealed.length }
  }

  jobSettings(): StoreSettings {
    if (this.#claims.isHalfFull) {
      // Jobs that have begun go on with this one, so it has to have room.
      this.#outgrown.push(this.#claims)
      this.#claims = this.#claims.grown()
    }
    return {
      key: this.#context.masterKey,
      polynomial: this.#context.config.chunkerPolynomial,
      known: this.#context.index.table.shared,
      claims: this.#claims.shared,
      level: this.#level('data'),
      verify: this.#options.verify ?? true,
    }
  }

  async addSealed(blobs: SealedBlobs): Promise<void> {
    this.signal.throwIfAborted()
    await this.#add('data', this.#newOf(blobs))
  }

  /** Takes no more blobs, uploads what is open, trees first, then writes the index. */
  async flush(): Promise<void> {
    this.#isClosed = true
    this.#refuseUnstoredClaims()
    for (const type of ['tree', 'data'] as const) {
      const open = this.#open[type].splice(0)
      for (const pack of mergedPacks(open, this.#packSize)) await this.#close(pack)
    }
    const isStored = this.#drain()
    for (const pack of this.#uploading) this.#rows.add(pack)
    this.#uploading.clear()
    const index = this.#rows.count > 0 ? this.#saveIndex(isStored) : undefined
    await Promise.all([isStored, index])
  }

  /** Waits until the store has every blob that the work was told it had saved. */
  async #drain(): Promise<void> {
    await this.#uploader.drain()
    this.#packMemory[Symbol.dispose]()
    const { pending } = this.#context.index
    if (this.#options.dryRun === true) pending.dropUnindexed()
    if (pending.unplaced === 0) return
    throw new TypeError(`the work went on without blobs that were not stored: ${pending.unplaced}`)
  }

  async abandon(reason: unknown): Promise<void> {
    await this.#uploader.abandon(reason)
    this.#packMemory[Symbol.dispose]()
    this.#context.index.pending.dropUnindexed()
  }

  /** Files refer to what some thread has claimed, so it must have come here, whatever became of its job. */
  #refuseUnstoredClaims(): void {
    for (const claims of [...this.#outgrown, this.#claims]) {
      for (const id of claims.ids()) {
        if (this.#context.index.hasBytes('data', id)) continue
        throw new Error(`data blob ${toHex(id, 0, 4)} was claimed by a job and not stored`)
      }
    }
  }

  *#newOf(blobs: SealedBlobs): Generator<NewBlob, void> {
    const { ids, lengths, plaintextLengths, compressed } = blobs
    let end = 0
    for (let at = 0; at < lengths.length; at++) {
      const start = end
      end += lengths[at] as number
      if (!this.#isNew('data', ids, at * 32)) continue
      yield {
        id: ids.subarray(at * 32, at * 32 + 32),
        sealed: blobs.sealed.subarray(start, end),
        plaintextLength: plaintextLengths[at] as number,
        isCompressed: compressed[at] === 1,
      }
    }
  }

  #isNew(type: BlobType, id: Uint8Array, at = 0): boolean {
    // It would be in no pack, and yet count as stored from now on.
    if (this.#isClosed) throw new TypeError('a blob came after the work it belongs to had ended')
    const { table, pending } = this.#context.index
    return table.find(type, id, at) < 0 && pending.add(type, id, at)
  }

  #level(type: BlobType): StoreSettings['level'] {
    if (this.#context.config.version === 1) return undefined
    const level = levels[this.#options.compression ?? 'auto']
    return type === 'tree' ? (level ?? 'auto') : level
  }

  async #add(type: BlobType, blobs: Iterable<NewBlob>): Promise<void> {
    for (const blob of blobs) {
      // Others would fill more and more packs while one waits for room in the queue.
      while (this.#lastClose !== undefined) await this.#lastClose
      const full = this.#put(type, blob)
      if (full === undefined) continue
      const close = this.#close(full)
      this.#lastClose = close
      await close
      if (this.#lastClose === close) this.#lastClose = undefined
    }
  }

  /** Returns the pack if the blob has filled it, which is open no more then. */
  #put(
    type: BlobType,
    { id, sealed, plaintextLength, isCompressed }: NewBlob,
  ): PackBuilder | undefined {
    const uncompressedLength = isCompressed ? plaintextLength : 0
    this.#added[type === 'tree' ? 'treeBlobs' : 'dataBlobs']++
    this.#added.added += plaintextLength
    this.#added.addedPacked += packedLength(sealed.length, uncompressedLength)
    const pack = this.#builderFor(type, sealed.length)
    pack.add({ id, sealed, uncompressedLength })
    if (pack.length < this.#packSize && !pack.isFull) return undefined
    const open = this.#open[type]
    if (open.includes(pack)) open.splice(open.indexOf(pack), 1)
    return pack
  }

  /** One of the open packs by chance; a pack of its own for a blob that fills one. */
  #builderFor(type: BlobType, sealedLength: number): PackBuilder {
    const { runtime } = this.#context
    const { kernel } = runtime
    if (sealedLength >= this.#packSize) {
      return new PackBuilder(type, kernel, this.#packMemory, sealedLength)
    }
    const open = this.#open[type]
    const chosen = (runtime.random(1)[0] as number) % openPacks
    const known = open[chosen]
    if (known !== undefined) return known
    const fresh = new PackBuilder(type, kernel, this.#packMemory)
    open.push(fresh)
    return fresh
  }

  async #close(builder: PackBuilder): Promise<void> {
    const { runtime } = this.#context
    const { kernel } = runtime
    const pack = builder.finish(kernel, this.#context.masterKey, runtime.random(16))
    this.#added.addedPacked += packClosingLength
    if (this.#options.dryRun === true) return pack[Symbol.dispose]()
    if (pack.type === 'tree') this.#context.onTreePack?.(pack.id)
    this.#uploading.add(pack)
    await this.#uploader.enqueue(pack)
  }

  #stored(pack: FinishedPack): void {
    this.#context.index.pending.place(pack.id, pack.blobs)
    this.#options.onEvent?.({ type: 'pack', id: pack.id, bytes: pack.size })
    // If it is there no more, it is in the last index file.
    if (!this.#uploading.delete(pack)) return
    this.#rows.add(pack)
    const age = this.#context.runtime.clock.nowNs() - this.#rows.sinceNs
    if (this.#rows.count < indexBlobsMax && age < indexAgeMaxNs) return
    // Behind the queue: the thread that makes the index may be one that waits for room in it.
    this.#uploader.alongside(this.#saveIndex())
  }

  /** @param after when the packs in it are stored, unless they are */
  async #saveIndex(after?: Promise<void>): Promise<void> {
    const { index, runtime } = this.#context
    const rows = this.#rows
    this.#rows = new IndexRows(runtime.clock.nowNs())
    await this.#context.saveIndex(rows.columns(), { signal: this.signal, after })
    index.pending.confirm(rows.packs())
  }
}
