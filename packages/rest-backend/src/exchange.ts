import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type ByteRates, releaseBytes } from 'restic-core/backend'
import { BodyCollector, type BodySlice } from './body-collector.ts'
import { connectTimeout } from './timeouts.ts'
import { Waits } from './waits.ts'

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
  /** Aborted when the store is closed. */
  readonly closing?: AbortSignal | undefined
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

/** Begins a request of node:http. Its body and its end are the caller's. */
export type OpenRequest = (parts: {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}) => ClientRequest

/** Enough to tell people what a server says; the rest of an error page is not fetched. */
const errorText: BodySlice = { offset: 0, length: 1024 }

/** No byte moved for `timeoutMs`. */
export class StuckError extends Error {
  constructor(timeoutMs: number) {
    super(`no data was transferred for ${timeoutMs / 1000} seconds`)
  }
}

/** The connection ended before the answer did. */
export class CutError extends Error {
  /** Whether anything came over the connection, for this request or one before. */
  readonly wasHeard: boolean

  constructor(wasHeard: boolean, cause?: Error) {
    super('other side closed', { cause })
    this.wasHeard = wasHeard
  }
}

/** Sends one request and resolves with its answer, whatever the status. Rejects when there is none. */
export function exchange(open: OpenRequest, request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.signal?.throwIfAborted()
    request.closing?.throwIfAborted()
    new Exchange(request, resolve, reject).start(open)
  })
}

class Exchange {
  readonly #request: HttpRequest
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #reject: (error: unknown) => void
  #sent: ClientRequest | undefined
  #answer: IncomingMessage | undefined
  #collector: BodyCollector | undefined
  #stuckTimer: NodeJS.Timeout | undefined
  #connectTimer: NodeJS.Timeout | undefined
  readonly #waits = new Waits(() => this.#stuckTimer?.refresh())
  /** Whether what was received waits for its rate. */
  #isSlowed = false
  #ended = false

  constructor(
    request: HttpRequest,
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  start(open: OpenRequest): void {
    const { method, path, headers, body, signal, closing, stuckTimeoutMs } = this.#request
    const length = body && { 'content-length': String(body.length) }
    const sent = open({ method, path, headers: { ...headers, ...length } })
    this.#sent = sent
    this.#stuckTimer = setTimeout(this.#giveUp, stuckTimeoutMs)
    signal?.addEventListener('abort', this.#cancel, { once: true })
    closing?.addEventListener('abort', this.#close, { once: true })
    sent.on('socket', (socket: Socket) => this.#watchConnecting(socket))
    sent.on('response', (answer: IncomingMessage) => this.#receive(answer))
    sent.on('error', (error: Error) => this.#lose(error))
    // With an answer, what came of it may still be waiting to be read.
    sent.on('close', () => this.#answer ?? this.#lose())
    if (body) this.#send(sent, body).catch((error: unknown) => this.#fail(error))
    else sent.end()
  }

  #watchConnecting(socket: Socket): void {
    if (this.#ended || !socket.connecting) return
    this.#connectTimer = setTimeout(() => {
      const seconds = connectTimeout / 1000
      const error = new Error(`no connection within ${seconds} seconds`)
      this.#fail(Object.assign(error, { code: 'ETIMEDOUT' }))
    }, connectTimeout)
    const opened = (): void => clearTimeout(this.#connectTimer)
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', opened)
  }

  #receive(answer: IncomingMessage): void {
    this.#stuckTimer?.refresh()
    if (this.#ended) return
    this.#answer = answer
    answer.on('data', (chunk: Buffer) => this.#take(answer, chunk))
    answer.on('end', () => this.#isSlowed || this.#succeed())
    answer.on('error', (error: Error) => this.#lose(error))
    answer.on('close', () => answer.readableEnded || this.#lose())
    const { method, slice, into, answerLengthMax } = this.#request
    if (method === 'HEAD') {
      // Servers that are asked in the wrong scheme send content all the same.
      this.#succeed()
      return
    }
    const { statusCode: status } = answer
    const kept = status === 200 ? slice : status === 206 ? undefined : errorText
    const length = Number(this.#header('content-length') ?? Number.NaN)
    const declared = Number.isSafeInteger(length) ? length : undefined
    try {
      this.#collector = new BodyCollector(declared, kept, answerLengthMax, into)
    } catch (error) {
      this.#fail(error)
    }
  }

  #take(answer: IncomingMessage, chunk: Buffer): void {
    this.#stuckTimer?.refresh()
    // Whoever cancelled may use the memory for something else by now.
    if (this.#ended) return
    try {
      const enough = this.#collector?.add(chunk) === 'enough'
      const { length } = chunk
      releaseBytes(chunk)
      if (enough) {
        this.#succeed()
        return
      }
      const ms = this.#request.rates.download?.spend(length) ?? 0
      if (ms === 0) return
      answer.pause()
      this.#isSlowed = true
      this.#waits.hold(() => this.#readOn(answer), ms)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** A stream that was read to its end ends although it was told to pause. */
  #readOn(answer: IncomingMessage): void {
    this.#isSlowed = false
    if (answer.readableEnded) this.#succeed()
    else answer.resume()
  }

  async #send(sent: ClientRequest, body: UploadBody): Promise<void> {
    const { upload } = this.#request.rates
    for (const bytes of body.pieces()) {
      for (const piece of upload ? cut(bytes, upload.pieceLength) : [bytes]) {
        const ms = upload?.spend(piece.length) ?? 0
        if (ms > 0) await new Promise<void>((resolve) => this.#waits.hold(resolve, ms))
        if (this.#ended) return
        if (!sent.write(piece)) await this.#waits.until((done) => sent.once('drain', done))
        this.#stuckTimer?.refresh()
      }
    }
    if (!this.#ended) sent.end()
  }

  readonly #cancel = (): void => this.#fail(this.#request.signal?.reason)

  readonly #close = (): void => this.#fail(this.#request.closing?.reason)

  readonly #giveUp = (): void => {
    if (this.#waits.isSlowed) this.#stuckTimer?.refresh()
    else if (this.#isRefused) this.#succeed()
    else this.#fail(new StuckError(this.#request.stuckTimeoutMs))
  }

  /** The status says what matters, also when the text that explains it is cut. */
  get #isRefused(): boolean {
    return (this.#answer?.statusCode ?? 0) >= 400
  }

  /** The connection is gone. node:http says so in several ways. */
  #lose(error?: Error): void {
    if (this.#isRefused) {
      this.#succeed()
      return
    }
    const code = error && 'code' in error ? error.code : undefined
    const isCut = error === undefined || code === 'ECONNRESET' || code === 'EPIPE'
    const wasHeard = this.#sent?.socket?.bytesRead !== 0
    this.#fail(isCut ? new CutError(wasHeard, error) : error)
  }

  #succeed(): void {
    if (!this.#end()) return
    const body = this.#collector?.finish() ?? new Uint8Array()
    const start = this.#collector?.start ?? body
    const status = this.#answer?.statusCode ?? 0
    this.#resolve({ status, header: (name) => this.#header(name), body, start })
    const isRead = this.#request.method === 'HEAD' || this.#answer?.complete === true
    // What was not sent, or not read, is in the way of the next request.
    if (!isRead || this.#sent?.writableFinished !== true) this.#sent?.destroy()
  }

  #fail(error: unknown): void {
    if (!this.#end()) return
    this.#reject(error)
    this.#sent?.destroy()
  }

  /** Says whether this was the first end. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearTimeout(this.#stuckTimer)
    clearTimeout(this.#connectTimer)
    this.#waits.end()
    this.#request.signal?.removeEventListener('abort', this.#cancel)
    this.#request.closing?.removeEventListener('abort', this.#close)
    return true
  }

  #header(name: string): string | undefined {
    const value = this.#answer?.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

function* cut(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
