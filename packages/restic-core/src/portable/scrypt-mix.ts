import type { Kernel, ScryptCost } from '../kernel/kernel.ts'
import { referenceScryptMix } from '../kernel/reference/scrypt-mix.ts'
import { scryptWasm } from './wasm/scrypt.ts'
import { type WasmMemory, decodeModule, hasWebAssembly, instantiateNow } from './web-assembly.ts'

/** See kernels/scrypt.ts. */
interface ScryptExports {
  readonly memory: WasmMemory
  fill(N: number, r: number, from: number, to: number): void
  walk(N: number, r: number, times: number): void
}

type MixCost = Pick<ScryptCost, 'N' | 'r'>

/** Few, so that the engine's better code takes over soon: it does so between two calls. */
const stepsAtOnce = 64

const pageLength = 65_536

/** WebAssembly's, two blocks at a time, or the readable one where there is no WebAssembly. */
export const scryptMix: Kernel['scryptMix'] = (blocks, cost) => {
  if (!hasWebAssembly) return referenceScryptMix(blocks, cost)
  const length = 128 * cost.r
  // An instance of its own, so that its memory, which scrypt wants to be large, goes with it.
  const exports = instantiateNow(decodeModule(scryptWasm)) as ScryptExports
  exports.memory.grow(Math.ceil((length + 2 * laneLength(cost)) / pageLength))
  for (let at = 0; at < blocks.length; at += 2 * length) {
    const two = [at, at + length].map((from) => blocks.subarray(from, from + length))
    mixTwo(exports, two, cost)
  }
}

/** The second of two blocks may be empty. */
function mixTwo(exports: ScryptExports, blocks: readonly Uint8Array[], cost: MixCost): void {
  const { N, r } = cost
  const lanes = blocks.map((block, lane) => {
    const start = 128 * r + lane * laneLength(cost)
    const words = (from: number): Uint32Array =>
      new Uint32Array(exports.memory.buffer, from, block.length / 4)
    const view = new DataView(block.buffer, block.byteOffset, block.length)
    return { view, input: words(start), output: words(start + 128 * r * N) }
  })
  for (const { view, input } of lanes) {
    for (let i = 0; i < input.length; i++) input[i] = view.getUint32(4 * diagonal(i), true)
  }
  const atOnce = Math.min(stepsAtOnce, N)
  for (let step = 0; step < N; step += atOnce) exports.fill(N, r, step, step + atOnce)
  for (let step = 0; step < N; step += atOnce) exports.walk(N, r, atOnce)
  for (const { view, output } of lanes) {
    output.forEach((word, i) => view.setUint32(4 * diagonal(i), word, true))
  }
}

/** Bytes of memory for one block. */
function laneLength({ N, r }: MixCost): number {
  return 128 * r * (N + 2)
}

/** The place of a word of the diagonals in Salsa's square; each has 16 words. */
function diagonal(word: number): number {
  return (word & ~15) + ((5 * word) & 15)
}
