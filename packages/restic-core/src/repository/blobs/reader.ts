import { MiB } from '../../base/bytes.ts'
import type { Cancellable } from '../../base/cancel.ts'
import { CorruptDataError, MissingError, isResticError } from '../../base/errors.ts'
import { type BlobId, type PackId, type TreeId, shortId } from '../../base/id.ts'
import type { Backend, ReadOptions } from '../../backend/backend.ts'
import { openBlob } from '../../format/blob.ts'
import type { Node } from '../../format/node.ts'
import type { BlobType } from '../../format/pack-header.ts'
import type { MasterKey } from '../../format/seal.ts'
import { parseTree } from '../../format/tree.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { BlobReader } from '../api.ts'
import { isNotFound } from '../files.ts'
import type { BlobIndex, BlobLocation } from '../index/blob-index.ts'
import { TreeCache } from './tree-cache.ts'

/** bytes of tree JSON */
const treeCacheBytes: number = 16 * MiB

export interface BlobSource {
  readonly index: BlobIndex
  readonly backend: Backend
  /** The store without a cache in between. */
  readonly uncached: Backend
  readonly kernel: Kernel
  readonly masterKey: MasterKey
}

/** Reads blobs one by one: a range of a pack each. */
export class PackedBlobReader implements BlobReader {
  readonly #source: BlobSource
  readonly #trees = new TreeCache(treeCacheBytes)

  constructor(source: BlobSource) {
    this.#source = source
  }

  /**
   * Tries every copy, then every copy once more past the cache.
   *
   * @throws MissingError when no index names the blob or none of its packs is there
   * @throws CorruptDataError naming pack and blob when the copies are damaged
   */
  async readBlob(type: BlobType, id: BlobId, options: Cancellable = {}): Promise<Uint8Array> {
    const { index, backend, uncached } = this.#source
    const copies = index.findAll(type, id)
    if (copies.length === 0) throw new MissingError(`${type} blob ${shortId(id)}`)
    let firstError: unknown
    for (const from of [backend, uncached]) {
      for (const copy of copies) {
        try {
          return await this.#readCopy(from, id, copy, options)
        } catch (error) {
          options.signal?.throwIfAborted()
          if (!isResticError(error)) throw error
          firstError ??= error
        }
      }
    }
    throw firstError
  }

  /** The nodes are shared with other readers. @throws as `readBlob` */
  async readTree(id: TreeId, options: Cancellable = {}): Promise<readonly Node[]> {
    const known = this.#trees.get(id)
    if (known) return known
    const json = await this.readBlob('tree', id, options)
    const nodes = parseTree(json, `tree ${shortId(id)}`)
    this.#trees.set(id, nodes, json.length)
    return nodes
  }

  async readPack(id: PackId, options: ReadOptions = {}): Promise<Uint8Array> {
    // Whoever asks for a pack wants to know what the store has.
    return readPart(this.#source.uncached, id, `pack ${shortId(id)}`, options)
  }

  async #readCopy(
    backend: Backend,
    id: BlobId,
    copy: BlobLocation,
    options: Cancellable,
  ): Promise<Uint8Array> {
    const what = `pack ${shortId(copy.pack)} blob ${shortId(id)}`
    const range = { offset: copy.offset, length: copy.length }
    const sealed = await readPart(backend, copy.pack, what, { ...options, range })
    return openBlob(
      this.#source.kernel,
      this.#source.masterKey,
      sealed,
      { id, uncompressedLength: copy.uncompressedLength },
      what,
    )
  }
}

async function readPart(
  backend: Backend,
  pack: PackId,
  what: string,
  options: ReadOptions,
): Promise<Uint8Array> {
  try {
    return await backend.read({ type: 'pack', name: pack }, options)
  } catch (cause) {
    if (isNotFound(cause)) throw new MissingError(what, { cause })
    if (isResticError(cause, 'BACKEND') && cause.reason === 'short-read') {
      throw new CorruptDataError(what, 'length', { cause })
    }
    throw cause
  }
}
