import { toHex } from '../../base/bytes.ts'
import type { BlobType } from '../../format/pack-header.ts'
import type { BlobLocation } from './blob-index.ts'

interface PendingBlob {
  readonly type: BlobType
  /** undefined while the pack it is in has not been uploaded */
  location: BlobLocation | undefined
}

/** Blobs that this session has taken in hand: on their way to a pack, or stored since the index was loaded. */
export class PendingBlobs {
  readonly #blobs = new Map<string, PendingBlob>()

  get size(): number {
    return this.#blobs.size
  }

  has(type: BlobType, id: Uint8Array): boolean {
    return this.#blobs.has(key(type, id))
  }

  /** False when the blob is in hand already, and so must not be stored a second time. */
  add(type: BlobType, id: Uint8Array): boolean {
    const name = key(type, id)
    if (this.#blobs.has(name)) return false
    this.#blobs.set(name, { type, location: undefined })
    return true
  }

  place(type: BlobType, id: Uint8Array, location: BlobLocation): void {
    this.#blobs.set(key(type, id), { type, location })
  }

  /** Forgets what was taken in hand and never stored, when the work that wanted it has failed. */
  dropUnplaced(): void {
    for (const [name, blob] of this.#blobs) if (blob.location === undefined) this.#blobs.delete(name)
  }

  find(type: BlobType, id: Uint8Array): BlobLocation | undefined {
    return this.#blobs.get(key(type, id))?.location
  }
}

function key(type: BlobType, id: Uint8Array): string {
  return `${type}${toHex(id)}`
}

