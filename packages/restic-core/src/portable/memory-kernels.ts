import { type MemoryKernels, referenceKernels } from '../kernel/reference/memory-kernels.ts'
import { type CopyBytes, wasmKernels } from './wasm-kernels.ts'
import { hasWebAssembly } from './web-assembly.ts'

/** WebAssembly's chunker and Poly1305, or the readable ones where there is no WebAssembly. */
export async function memoryKernels(copy?: CopyBytes): Promise<MemoryKernels> {
  return hasWebAssembly ? wasmKernels(copy) : referenceKernels()
}
