import type { Kernel } from '../kernel.ts'
import { referencePoly1305 } from './poly1305.ts'
import { referenceChunker } from './rabin.ts'

/** The kernels that read `scratch`, which must live in one memory. */
export type MemoryKernels = Pick<Kernel, 'poly1305' | 'chunker' | 'scratch'>

export function referenceKernels(): MemoryKernels {
  let memory = new Uint8Array(0)
  return {
    poly1305: referencePoly1305,
    chunker: referenceChunker,
    scratch(length) {
      if (memory.length < length) memory = new Uint8Array(length)
      return memory
    },
  }
}
