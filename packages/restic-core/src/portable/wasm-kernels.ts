import { KiB } from '../base/bytes.ts'
import { remainder } from '../kernel/binary-polynomial.ts'
import { cutBounds } from '../kernel/cut-bounds.ts'
import type { Chunker } from '../kernel/kernel.ts'
import { rabinTables, windowLength } from '../kernel/rabin-tables.ts'
import type { MemoryKernels } from '../kernel/reference/memory-kernels.ts'
import { kernelsWasm } from './wasm/kernels.ts'
import { decodeModule, growMemory, instantiate, type WasmMemory } from './web-assembly.ts'

/** See kernels/rabin.ts and kernels/poly1305.ts. All numbers are places in `memory`, bytes. */
interface KernelExports {
  readonly memory: WasmMemory
  findCut(first: number, last: number): number
  poly1305Begin(): void
  poly1305Blocks(start: number, end: number): void
  poly1305End(start: number, length: number): void
}

// The first four as kernels/memory.ts has them; what follows is ours.
const leaveTable = 1024
const reduceTable = 3072
const oneTimeKeyPlace = 5120
const tagPlace = 5152
const stagingPlace = 8 * KiB
// Data from elsewhere comes through here, in pieces that stay in a processor's second cache: five
// of the stripes that the chunker works in, and the window before them.
const pieceLength = 5 * 6 * 4096
const scratchPlace = 136 * KiB

/** Puts `source` into `target` at `at`. */
export type CopyBytes = (target: Uint8Array, source: Uint8Array, at: number) => void

/**
 * One instance of the WebAssembly kernels; `scratch` is a part of its memory.
 *
 * @param copy a better way than `set`, if the platform has one
 */
export async function wasmKernels(
  copy: CopyBytes = (target, source, at) => target.set(source, at),
): Promise<MemoryKernels> {
  const exports = await instantiate<KernelExports>(decodeModule(kernelsWasm))
  const memory = new KernelMemory(exports.memory, copy)
  memory.reserve(scratchPlace)
  let last: { readonly polynomial: bigint; readonly chunker: Chunker } | undefined
  return {
    poly1305: (oneTimeKey, data) => poly1305(exports, memory, oneTimeKey, data),
    chunker(polynomial) {
      // Its tables take a millisecond, and a thread of many small files asks for each of them.
      if (last?.polynomial === polynomial) return last.chunker
      last = { polynomial, chunker: chunker(exports, memory, polynomial) }
      return last.chunker
    },
    scratch(length) {
      memory.reserve(scratchPlace + length)
      return memory.bytes.subarray(scratchPlace, scratchPlace + length)
    },
  }
}

/** The memory of one instance, and whose tables are in it. */
class KernelMemory {
  readonly #memory: WasmMemory
  readonly #copy: CopyBytes
  #bytes: Uint8Array
  #tables: ScanTables | undefined

  constructor(memory: WasmMemory, copy: CopyBytes) {
    this.#memory = memory
    this.#copy = copy
    this.#bytes = new Uint8Array(memory.buffer)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** Makes the memory at least `length` bytes long. Arrays over it that were given out are lost. */
  reserve(length: number): void {
    if (length <= this.#bytes.length) return
    growMemory(this.#memory, length)
    this.#bytes = new Uint8Array(this.#memory.buffer)
  }

  /** Makes a piece of data from elsewhere ready for the kernels. */
  stage(piece: Uint8Array): void {
    if (piece.length > 0) this.#copy(this.#bytes, piece, stagingPlace)
  }

  /** Where the first byte of `data` is in this memory, or undefined when it is elsewhere. */
  placeOf(data: Uint8Array): number | undefined {
    return data.buffer === this.#bytes.buffer ? data.byteOffset : undefined
  }

  loadTables(tables: ScanTables): void {
    if (this.#tables === tables) return
    this.#bytes.set(tables.leave, leaveTable)
    this.#bytes.set(tables.reduce, reduceTable)
    this.#tables = tables
  }
}

function poly1305(
  exports: KernelExports,
  memory: KernelMemory,
  oneTimeKey: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  if (oneTimeKey.length !== 32) throw new RangeError('a Poly1305 key has 32 bytes')
  memory.bytes.set(oneTimeKey, oneTimeKeyPlace)
  exports.poly1305Begin()
  const blocksLength = data.length - (data.length % 16)
  const place = memory.placeOf(data)
  if (place === undefined) {
    for (let at = 0; at < blocksLength; at += pieceLength) {
      const piece = data.subarray(at, Math.min(at + pieceLength, blocksLength))
      memory.stage(piece)
      exports.poly1305Blocks(stagingPlace, stagingPlace + piece.length)
    }
    memory.stage(data.subarray(blocksLength))
    exports.poly1305End(stagingPlace, data.length - blocksLength)
  } else {
    exports.poly1305Blocks(place, place + blocksLength)
    exports.poly1305End(place + blocksLength, data.length - blocksLength)
  }
  return memory.bytes.slice(tagPlace, tagPlace + 16)
}

function chunker(exports: KernelExports, memory: KernelMemory, polynomial: bigint): Chunker {
  const tables = scanTables(polynomial)
  return {
    cut(data, start, end) {
      const { first, last, isLimit } = cutBounds(data, start, end)
      if (last < first) return 0
      memory.loadTables(tables)
      const place = memory.placeOf(data)
      const cut =
        place === undefined
          ? findCutInPieces(exports, memory, data, first, last)
          : exports.findCut(place + first, place + last) - place
      if (cut > 0) return cut - start
      return isLimit ? last - start : 0
    },
  }
}

/** The earliest cut from `first` to `last` in data that is not in the kernels' memory; 0 for none. */
function findCutInPieces(
  exports: KernelExports,
  memory: KernelMemory,
  data: Uint8Array,
  first: number,
  last: number,
): number {
  const windowEnd = stagingPlace + windowLength
  for (let at = first; at <= last; at += pieceLength) {
    const pieceLast = Math.min(at + pieceLength - 1, last)
    memory.stage(data.subarray(at - windowLength, pieceLast))
    const cut = exports.findCut(windowEnd, windowEnd + pieceLast - at)
    if (cut !== 0) return at + cut - windowEnd
  }
  return 0
}

/** The tables of kernels/rabin.ts, 256 little-endian numbers of 8 bytes each. */
interface ScanTables {
  readonly leave: Uint8Array
  readonly reduce: Uint8Array
}

function scanTables(polynomial: bigint): ScanTables {
  const { out, mod } = rabinTables(polynomial)
  return {
    // A byte leaves with the shift that brings another in, so it stands 8 bits higher.
    leave: scanTable(out, (entry) => remainder(entry << 8n, polynomial)),
    reduce: scanTable(mod, (entry) => entry),
  }
}

function scanTable(table: BigUint64Array, change: (entry: bigint) => bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * table.length))
  table.forEach((entry, index) => view.setBigUint64(8 * index, rotated(change(entry)), true))
  return new Uint8Array(view.buffer)
}

/** Left by 22 of 64 bits, as kernels/rabin.ts keeps its digests. */
function rotated(value: bigint): bigint {
  return BigInt.asUintN(64, value << 22n) | (value >> 42n)
}
