import type { Kernel, ScryptCost } from '../kernel/kernel.ts'
import { referenceScryptMix } from '../kernel/reference/scrypt-mix.ts'
import { scryptWasm } from './wasm/scrypt.ts'
import {
  type WasmMemory,
  decodeModule,
  growMemory,
  hasWebAssembly,
  instantiateNow,
} from './web-assembly.ts'

/** See kernels/scrypt.ts. */
interface ScryptExports {
  readonly memory: WasmMemory
  fill(toB: number, toC: number, r: number, from: number, to: number): void
  walk(toB: number, toC: number, r: number, N: number, times: number): void
}

type MixCost = Pick<ScryptCost, 'N' | 'r'>

/** Few, so that the engine's better code takes over soon: it does so between two calls. */
const stepsAtOnce = 64

/** How many blocks a thread goes through at once. */
export const scryptLanes = 3

/** WebAssembly's, three blocks at a time, or the readable one where there is no WebAssembly. */
export const scryptMix: Kernel['scryptMix'] = (blocks, cost) => {
  if (!hasWebAssembly) return referenceScryptMix(blocks, cost)
  const length = 128 * cost.r
  // An instance of its own, so that its memory, which scrypt wants to be large, goes with it.
  const exports = instantiateNow(decodeModule(scryptWasm)) as ScryptExports
  const lanesMax = Math.min(scryptLanes, blocks.length / length)
  growMemory(exports.memory, length + lanesMax * laneLength(cost))
  for (let at = 0; at < blocks.length; at += scryptLanes * length) {
    const end = Math.min(at + scryptLanes * length, blocks.length)
    mixAtOnce(exports, new DataView(blocks.buffer, blocks.byteOffset + at, end - at), cost)
  }
}

function mixAtOnce(exports: ScryptExports, blocks: DataView, cost: MixCost): void {
  const { N, r } = cost
  const length = 128 * r
  const count = blocks.byteLength / length
  const lanes = Array.from({ length: count }, (_, lane) => {
    const words = (step: number): Uint32Array => {
      const place = length + lane * laneLength(cost) + step * length
      return new Uint32Array(exports.memory.buffer, place, length / 4)
    }
    return { at: lane * length, input: words(0), output: words(N) }
  })
  for (const { at, input } of lanes) {
    input.forEach((_, i) => (input[i] = blocks.getUint32(at + 4 * diagonal(i), true)))
  }
  // A lane that has no block goes with the first.
  const toB = count > 1 ? laneLength(cost) : 0
  const toC = count > 2 ? 2 * laneLength(cost) : 0
  const atOnce = Math.min(stepsAtOnce, N)
  for (let step = 0; step < N; step += atOnce) exports.fill(toB, toC, r, step, step + atOnce)
  for (let step = 0; step < N; step += atOnce) exports.walk(toB, toC, r, N, atOnce)
  for (const { at, output } of lanes) {
    output.forEach((word, i) => blocks.setUint32(at + 4 * diagonal(i), word, true))
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
