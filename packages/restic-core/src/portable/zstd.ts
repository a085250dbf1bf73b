import type { Kernel } from '../kernel/kernel.ts'
import { decompressFrames, type ZstdFrame } from '../kernel/zstd-frames.ts'
import { zstdWasmGzip } from './wasm/zstd.ts'
import { decodeModule, growMemory, instantiate, type WasmMemory } from './web-assembly.ts'

/** The functions of zstd's simple API under the names that its compiler left. A pointer is a number. */
interface ZstdExports {
  readonly f: WasmMemory
  /** Runs the constructors; once, first. */
  g(): void
  /** ZSTD_isError */
  h(result: number): number
  /** ZSTD_compressBound */
  i(length: number): number
  /** ZSTD_compress */
  m(to: number, toLength: number, from: number, fromLength: number, level: number): number
  /** ZSTD_decompress */
  r(to: number, toLength: number, from: number, fromLength: number): number
  /** malloc */
  s(length: number): number
  /** free */
  t(pointer: number): void
}

/** zstd compiled to WebAssembly. Its memory grows to what the largest call needed and stays so. */
export async function wasmZstd(): Promise<Pick<Kernel, 'compress' | 'decompress'>> {
  const wasm = await gunzip(decodeModule(zstdWasmGzip))
  const exports: ZstdExports = await instantiate<ZstdExports>(wasm, {
    a: stop,
    b: () => undefined,
    c: stop,
    d: stop,
    e: (length) => grow(exports.f, length >>> 0),
  })
  exports.g()
  return {
    compress: (data, level, into) =>
      call(exports, data, exports.i(data.length), into, (to, toLength, from) =>
        exports.m(to, toLength, from, data.length, level),
      ),
    decompress: (data, lengthMax, into) =>
      decompressFrames(data, lengthMax, into, (bytes, length, frame, place) =>
        decodeFrame(exports, bytes, length, frame, place),
      ),
  }
}

function decodeFrame(
  exports: ZstdExports,
  bytes: Uint8Array,
  lengthMax: number,
  frame: ZstdFrame,
  into: Uint8Array | undefined,
): Uint8Array {
  return call(exports, bytes, lengthMax, into, (to, toLength, from) => {
    const result = exports.r(to, toLength, from, bytes.length)
    const isTooLong = -result === destinationTooSmall && frame.contentLength === undefined
    if (isTooLong) throw new RangeError(`zstd content is longer than ${lengthMax} bytes`)
    return result
  })
}

// ZSTD_error_dstSize_tooSmall; results that are errors are the negative of their code.
const destinationTooSmall = 70

/** Copies `data` in, lets `run` write up to `length` bytes, copies out as many as it returns. */
function call(
  exports: ZstdExports,
  data: Uint8Array,
  length: number,
  into: Uint8Array | undefined,
  run: (to: number, toLength: number, from: number) => number,
): Uint8Array {
  const from = allocate(exports, data.length)
  try {
    const to = allocate(exports, length)
    try {
      new Uint8Array(exports.f.buffer).set(data, from)
      const result = run(to, length, from)
      if (exports.h(result) !== 0) throw new Error(`zstd failed with code ${-result}`)
      const output = new Uint8Array(exports.f.buffer, to, result)
      if (into === undefined || into.length < result) return output.slice()
      into.set(output)
      return into.subarray(0, result)
    } finally {
      exports.t(to)
    }
  } finally {
    exports.t(from)
  }
}

function allocate(exports: ZstdExports, length: number): number {
  const pointer = length < memoryLengthMax ? exports.s(Math.max(1, length)) >>> 0 : 0
  if (pointer === 0) throw new Error(`no ${length} bytes of memory for zstd`)
  return pointer
}

const memoryLengthMax = 2 ** 31

/** What zstd's allocator calls for more memory: 1 when it got it. */
function grow(memory: WasmMemory, length: number): number {
  if (length > memoryLengthMax) return 0
  try {
    growMemory(memory, length)
    return 1
  } catch {
    // The engine has no more to give; malloc returns 0 and `allocate` throws.
    return 0
  }
}

function stop(): never {
  throw new Error('zstd stopped')
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
