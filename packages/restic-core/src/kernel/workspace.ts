import { MiB } from '../base/bytes.ts'
import { releaseOwned } from '../base/release.ts'
import type { Kernel } from './kernel.ts'

/** Memory that is used again by each call. */
export function workspace(): Kernel['workspace'] {
  let memory = new Uint8Array()
  return (length) => {
    // In steps, for lengths differ a little from blob to blob.
    if (memory.length < length) {
      releaseOwned(memory)
      memory = new Uint8Array(Math.ceil(length / MiB) * MiB)
    }
    return memory.subarray(0, length)
  }
}
