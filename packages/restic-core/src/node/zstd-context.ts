import * as zlib from 'node:zlib'

/** What a stream of node:zlib is made of. npm's own tar works with the same parts of it. */
interface Engine {
  readonly _handle?: {
    writeSync?(
      flush: number,
      input: Uint8Array,
      inputOffset: number,
      inputLength: number,
      output: Uint8Array,
      outputOffset: number,
      outputLength: number,
    ): void
  } | null
  /** What was left of the output and of the input, bytes. */
  readonly _writeState?: Uint32Array
}

type Stream = zlib.ZstdCompress | zlib.ZstdDecompress

/** No call leaves so much. */
const unwritten = 0xffff_ffff

/**
 * One of zstd's contexts, used for frame after frame. The functions of node:zlib make one for each
 * call, and a stream around it, which costs more than 10 KiB of text cost to compress
 * (docs/decisions/0018-zstd-contexts-are-kept.md). Whatever does not go as it should gives
 * undefined, and those functions are asked.
 */
export class ZstdContext {
  readonly #create: () => Stream
  readonly #flush: number
  readonly #roomMin: number
  #stream: Stream | undefined

  private constructor(create: () => Stream, flush: number, roomMin: number) {
    this.#create = create
    this.#flush = flush
    this.#roomMin = roomMin
  }

  static encoder(
    options: zlib.ZstdOptions,
    create: typeof zlib.createZstdCompress = zlib.createZstdCompress,
  ): ZstdContext {
    // Whether a frame that fills the output has ended, nobody says.
    return new ZstdContext(() => create(options), zlib.constants.ZSTD_e_end, 1)
  }

  /** For output that is as long as the content. */
  static decoder(options: zlib.ZstdOptions): ZstdContext {
    const flush = zlib.constants.ZSTD_e_continue
    return new ZstdContext(() => zlib.createZstdDecompress(options), flush, 0)
  }

  /** How many bytes of `output` one frame, or the content of one, took; undefined if it failed. */
  run(input: Uint8Array, output: Uint8Array): number | undefined {
    // zstd takes neither memory of no length.
    if (input.length === 0 || output.length === 0) return undefined
    const stream = (this.#stream ??= this.#open())
    const { _handle: handle, _writeState: state } = stream as unknown as Engine
    if (typeof handle?.writeSync !== 'function' || !(state instanceof Uint32Array)) return undefined
    state.fill(unwritten)
    handle.writeSync(this.#flush, input, 0, input.length, output, 0, output.length)
    const [room = unwritten, left = unwritten] = state
    const isDone = left === 0 && room >= this.#roomMin && room <= output.length
    if (isDone && !stream.destroyed) return output.length - room
    // What it still holds of this frame would come out with the next one.
    this.#stream = undefined
    stream.destroy()
    return undefined
  }

  #open(): Stream {
    const stream = this.#create()
    // The failure is told by what was written.
    stream.on('error', () => undefined)
    return stream
  }
}
