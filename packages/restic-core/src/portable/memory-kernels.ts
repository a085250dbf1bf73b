import { type MemoryKernels, referenceKernels } from '../kernel/reference/memory-kernels.ts'
import { wasmKernels } from './wasm-kernels.ts'
import { hasWebAssembly } from './web-assembly.ts'

/** WebAssembly's chunker and Poly1305, or the readable ones where there is no WebAssembly. */
export async function memoryKernels(): Promise<MemoryKernels> {
  return hasWebAssembly ? wasmKernels() : referenceKernels()
}
