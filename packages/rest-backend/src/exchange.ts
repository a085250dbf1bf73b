import type { Readable } from 'node:stream'
import { type ByteRate, type ByteRates, releaseBytes } from 'restic-core/backend'
import type { Dispatcher } from 'undici'
import { BodyCollector, type BodySlice } from './body-collector.ts'

export interface HttpRequest {
  readonly method: 'HEAD' | 'GET' | 'POST' | 'DELETE'
  /** with a leading slash */
  readonly path: string
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: UploadBody | undefined
  /** The part to keep when the server answers 200, all of the file. Default: everything. */
  readonly slice?: BodySlice | undefined
  /** Where the content of a 200 or 206 goes if it fits. */
  readonly into?: Uint8Array | undefined
  /** Longer answers are an error, bytes. */
  readonly answerLengthMax: number
  /** Without a byte in either direction for this long the request is given up. */
  readonly stuckTimeoutMs: number
  /** Shared by the requests of a store. Waiting for them is not being stuck. */
  readonly rates: ByteRates
  readonly signal?: AbortSignal | undefined
}

/** Rewindable: `pieces` may be called again. */
export interface UploadBody {
  readonly length: number
  pieces(): Iterable<Uint8Array>
}

export interface HttpAnswer {
  readonly status: number
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined
  /** The slice asked for when the status is 200; otherwise the content from its start. */
  readonly body: Uint8Array
  /** What the content begins with, whatever the slice. */
  readonly start: Uint8Array
}

/** Enough to tell people what a server says; the rest of an error page is not fetched. */
const errorText: BodySlice = { offset: 0, length: 1024 }

/** Closes the connection of a request whose end was told already; nobody gets to see it. */
const abandoned = new Error('the request was abandoned')

/** No byte moved for `timeoutMs`. */
export class StuckError extends Error {
  constructor(timeoutMs: number) {
    super(`no data was transferred for ${timeoutMs / 1000} seconds`)
  }
}

/** Sends one request and resolves with its answer, whatever the status. Rejects when there is none. */
export function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.signal?.throwIfAborted()
    new Exchange(request, resolve, reject).start(dispatcher)
  })
}

/** A transfer that waits for its rate. */
interface Held {
  readonly timer: NodeJS.Timeout
  readonly goOn: () => void
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (error: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #stuckTimer: NodeJS.Timeout | undefined
  #held: Held | undefined
  #canPause = false
  /** What an answer that cannot pause has to wait for at its end. */
  #debtMs = 0
  #ended = false
  #status = 0
  #headers: Dispatcher.ResponseData['headers'] = {}
  #collector: BodyCollector | undefined
  /** The parser may still look at it until the next one comes. */
  #lastChunk: Buffer | undefined

  constructor(
    request: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  start(dispatcher: Dispatcher): void {
    const { method, path, origin, headers, body, signal } = this.#request
    signal?.addEventListener('abort', this.#cancel, { once: true })
    if (!body) {
      dispatcher.dispatch({ method, path, origin, headers }, this)
      return
    }
    const { upload } = this.#request.rates
    const pieces = upload ? this.#slowed(body, upload) : this.#watched(body)
    const length = { 'content-length': String(body.length) }
    dispatcher.dispatch(
      {
        method,
        path,
        origin,
        headers: { ...headers, ...length },
        // undici takes any iterable, its types do not say so.
        body: body.length > 0 ? (pieces as unknown as Readable) : null,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#ended) controller.abort(abandoned)
    else this.#stuckTimer = setTimeout(this.#giveUp, this.#request.stuckTimeoutMs)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Dispatcher.ResponseData['headers'],
  ): void {
    this.#stuckTimer?.refresh()
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    const slice = status === 200 ? this.#request.slice : status === 206 ? undefined : errorText
    const length = Number(this.#header('content-length') ?? Number.NaN)
    const declared =
      Number.isSafeInteger(length) && this.#request.method !== 'HEAD' ? length : undefined
    this.#canPause = this.#staysOpen()
    const { into, answerLengthMax } = this.#request
    try {
      this.#collector = new BodyCollector(declared, slice, answerLengthMax, into)
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#stuckTimer?.refresh()
    // Whoever cancelled may use the memory for something else by now.
    if (this.#ended) return
    try {
      const enough = this.#collector?.add(chunk) === 'enough'
      if (this.#lastChunk) releaseBytes(this.#lastChunk)
      this.#lastChunk = chunk
      if (enough) {
        this.#succeed()
        this.#controller?.abort(abandoned)
      } else {
        this.#pauseFor(controller, chunk.length)
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseEnd(): void {
    if (this.#ended) return
    if (this.#debtMs > 0) this.#hold(this.#debtMs, () => this.#succeed())
    else this.#succeed()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  readonly #cancel = (): void => this.#fail(this.#request.signal?.reason)

  readonly #giveUp = (): void => {
    if (this.#held) {
      this.#stuckTimer?.refresh()
      return
    }
    this.#fail(new StuckError(this.#request.stuckTimeoutMs))
  }

  #succeed(): void {
    if (!this.#end()) return
    const body = this.#collector?.finish() ?? new Uint8Array()
    const start = this.#collector?.start ?? body
    this.#resolve({ status: this.#status, header: (name) => this.#header(name), body, start })
  }

  #fail(error: unknown): void {
    if (!this.#end()) return
    this.#reject(error)
    this.#controller?.abort(abandoned)
  }

  /** Says whether this was the first end. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearTimeout(this.#stuckTimer)
    clearTimeout(this.#held?.timer)
    const held = this.#held
    this.#held = undefined
    held?.goOn()
    this.#request.signal?.removeEventListener('abort', this.#cancel)
    return true
  }

  #header(name: string): string | undefined {
    const value = this.#headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /**
   * undici puts what is left of the memory of `chunk` back until then. There is none when the chunk
   * is all of its memory, so releasing it is right here too.
   */
  #pauseFor(controller: Dispatcher.DispatchController, length: number): void {
    const ms = this.#request.rates.download?.spend(length) ?? 0
    if (!this.#canPause) this.#debtMs = ms
    else if (ms > 0) {
      controller.pause()
      this.#hold(ms, () => controller.resume())
    }
  }

  /**
   * undici's parser ends the program with a failed assertion when a connection that is the answer's
   * alone is reset while it is paused.
   */
  #staysOpen(): boolean {
    const connection = this.#header('connection')?.toLowerCase()
    if (connection !== undefined) return connection === 'keep-alive'
    return (
      this.#header('content-length') !== undefined ||
      this.#header('transfer-encoding') !== undefined
    )
  }

  /** Calls `goOn` after `ms`, or when the request ends. */
  #hold(ms: number, goOn: () => void): void {
    const timer = setTimeout(() => {
      this.#held = undefined
      this.#stuckTimer?.refresh()
      goOn()
    }, ms)
    this.#held = { timer, goOn }
  }

  async *#slowed(body: UploadBody, rate: ByteRate): AsyncGenerator<Uint8Array> {
    for (const bytes of this.#watched(body)) {
      for (let at = 0; at < bytes.length; at += rate.pieceLength) {
        const piece = bytes.subarray(at, at + rate.pieceLength)
        const ms = rate.spend(piece.length)
        if (ms > 0) await new Promise<void>((resolve) => this.#hold(ms, resolve))
        if (this.#ended) throw abandoned
        this.#stuckTimer?.refresh()
        yield piece
      }
    }
  }

  /** The connection asks for the next piece when the one before was taken: that is progress. */
  *#watched(body: UploadBody): Generator<Uint8Array> {
    for (const piece of body.pieces()) {
      this.#stuckTimer?.refresh()
      yield piece
    }
  }
}
