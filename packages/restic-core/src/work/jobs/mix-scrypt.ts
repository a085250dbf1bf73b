import type { ScryptCost } from '../../kernel/kernel.ts'
import type { JobContext, JobRun } from '../pool.ts'

/** A share of scrypt's blocks. */
export interface MixScrypt {
  readonly input: {
    /** 128 · r bytes each */
    readonly blocks: Uint8Array<ArrayBuffer>
    readonly cost: Pick<ScryptCost, 'N' | 'r'>
  }
  readonly part: never
  readonly output: Uint8Array<ArrayBuffer>
}

// oxlint-disable-next-line require-yield -- a kernel cannot be paused
export function* mixScrypt(
  { blocks, cost }: MixScrypt['input'],
  { kernel }: JobContext,
): JobRun<'mixScrypt'> {
  kernel.scryptMix(blocks, cost)
  return { value: blocks, transfer: [blocks.buffer], leavesMuch: true }
}
