import type { Readable } from 'node:stream'
import { releaseBytes } from 'restic-core/backend'
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

/** No byte moved for `stuckTimeoutMs`. */
export class StuckError extends Error {}

/** Sends one request and resolves with its answer, whatever the status. Rejects when there is none. */
export function exchange(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.signal?.throwIfAborted()
    new Exchange(request, resolve, reject).start(dispatcher)
  })
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (error: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #stuckTimer: NodeJS.Timeout | undefined
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
    // undici takes any iterable, its types do not say so.
    const pieces = this.#watched(body) as unknown as Readable
    const length = { 'content-length': String(body.length) }
    dispatcher.dispatch(
      {
        method,
        path,
        origin,
        headers: { ...headers, ...length },
        body: body.length > 0 ? pieces : null,
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
    const { into, answerLengthMax } = this.#request
    try {
      this.#collector = new BodyCollector(declared, slice, answerLengthMax, into)
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
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
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  onResponseEnd(): void {
    this.#succeed()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error)
  }

  readonly #cancel = (): void => this.#fail(this.#request.signal?.reason)

  readonly #giveUp = (): void => {
    const seconds = this.#request.stuckTimeoutMs / 1000
    this.#fail(new StuckError(`no data was transferred for ${seconds} seconds`))
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
    this.#request.signal?.removeEventListener('abort', this.#cancel)
    return true
  }

  #header(name: string): string | undefined {
    const value = this.#headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  /** The connection asks for the next piece when the one before was taken: that is progress. */
  *#watched(body: UploadBody): Generator<Uint8Array> {
    for (const piece of body.pieces()) {
      this.#stuckTimer?.refresh()
      yield piece
    }
  }
}
