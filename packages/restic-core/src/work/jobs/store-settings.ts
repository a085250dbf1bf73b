import type { MasterKey } from '../../format/seal.ts'
import type { SharedBlobTable } from '../blob-table.ts'

/** What a job needs to store blobs for a writer. All of it is shared or small. */
export interface StoreSettings {
  readonly key: MasterKey
  readonly polynomial: bigint
  /** what the repository has */
  readonly known: SharedBlobTable
  /** what this session has begun to store; memory of BlobClaims */
  readonly claims: SharedArrayBuffer
  /** zstd level; undefined stores without compression, `auto` looks at each blob */
  readonly level: number | 'auto' | undefined
  /** open again what was sealed, before anything refers to it */
  readonly verify: boolean
}

/** Blobs ready for a pack, in columns. A part: `sealed` is there to copy from until it is taken in. */
export interface SealedBlobs {
  /** 32 bytes each */
  readonly ids: Uint8Array
  readonly plaintextLengths: Uint32Array
  /** 1 where the blob was compressed */
  readonly compressed: Uint8Array
  /** sealed, with nonce and MAC */
  readonly lengths: Uint32Array
  /** one blob after the other */
  readonly sealed: Uint8Array
}
