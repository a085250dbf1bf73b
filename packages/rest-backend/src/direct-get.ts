import type { Socket } from 'node:net'
import { type AnswerHead, parseAnswerHead } from './answer-head.ts'
import { startLength } from './body-collector.ts'
import { copyBytes } from './copy-bytes.ts'
import { CutError, type HttpAnswer, type HttpRequest, StuckError } from './exchange.ts'
import { connectTimeout, keepAliveTimeout } from './timeouts.ts'

/** What a socket of node:net takes as `onread`. */
interface Reading {
  /** Where the next bytes go; asked before every read. */
  readonly buffer: () => Uint8Array
  /** Gets the number of bytes that came. */
  readonly callback: (length: number) => boolean
}

/** A new connection to the server. */
export type OpenSocket = (onread: Reading) => Socket

/** Asks for content that goes to `into`. */
export interface DirectRequest extends HttpRequest {
  readonly method: 'GET'
  readonly into: Uint8Array
}

/** Longer heads are left to node:http, bytes. The content that comes with a head fits beside it. */
const headMemoryLength = 64 * 1024
/** After so long without data the system asks whether the other side is still there, milliseconds. */
const keepAliveDelay = 60_000
/** A server that answers otherwise so often is left to node:http for good. */
const oddAnswersMax = 2

/**
 * GETs of packs over sockets of their own: the system writes the content where it is wanted, where
 * node:http makes a new buffer for each 64 KiB and leaves it to the collector
 * (docs/decisions/0017-packs-past-node-http.md). All that is not an answer as it should be is left to
 * node:http, over which it is asked for again and read for what it means.
 */
export class DirectGets {
  readonly #open: OpenSocket
  readonly #connections = new Set<Connection>()
  #oddAnswers = 0
  #isClosed = false

  constructor(open: OpenSocket) {
    this.#open = open
  }

  /**
   * @returns undefined when it must be asked for over node:http
   * @throws StuckError, and what cuts a connection in the middle of the content
   */
  async get(request: DirectRequest): Promise<HttpAnswer | undefined> {
    request.signal?.throwIfAborted()
    const head = requestHead(request)
    if (head === undefined || this.#isClosed || this.#oddAnswers >= oddAnswersMax) return undefined
    return this.#idle().exchange(head, request)
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#connections) connection.close()
  }

  #idle(): Connection {
    for (const connection of this.#connections) if (connection.isIdle) return connection
    const connection: Connection = new Connection(this.#open, {
      onClose: () => this.#connections.delete(connection),
      onOdd: () => this.#oddAnswers++,
    })
    this.#connections.add(connection)
    return connection
  }
}

/** undefined when a part of it cannot be written as it stands. */
function requestHead({ path, origin, headers }: DirectRequest): string | undefined {
  const lines = [`GET ${path} HTTP/1.1`, `host: ${new URL(origin).host}`, 'connection: keep-alive']
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  const isPlain = /^[!-~]+$/.test(path) && lines.every((line) => /^[ -~]+$/.test(line))
  return isPlain ? `${lines.join('\r\n')}\r\n\r\n` : undefined
}

/** One request on its way. */
interface Exchange {
  readonly request: DirectRequest
  readonly resolve: (answer: HttpAnswer | undefined) => void
  readonly reject: (error: unknown) => void
  readonly stuckTimer: NodeJS.Timeout
  readonly cancel: () => void
  headLength: number
  head: AnswerHead | undefined
  /** The part of `into` that the content takes. */
  body: Uint8Array
  filled: number
}

/** One socket, and the request it carries. */
class Connection {
  readonly #socket: Socket
  readonly #headMemory = Buffer.allocUnsafeSlow(headMemoryLength)
  readonly #onOdd: () => void
  #exchange: Exchange | undefined
  #error: Error | undefined
  #isOpen = true

  constructor(
    open: OpenSocket,
    { onClose, onOdd }: { readonly onClose: () => void; readonly onOdd: () => void },
  ) {
    this.#onOdd = onOdd
    this.#socket = open({ buffer: () => this.#room(), callback: (length) => this.#receive(length) })
    this.#socket.setKeepAlive(true, keepAliveDelay)
    this.#socket.setTimeout(connectTimeout, () => this.close())
    this.#socket.once('connect', () => this.#socket.setTimeout(0))
    this.#socket.on('error', (error: Error) => (this.#error = error))
    this.#socket.on('close', () => {
      this.#isOpen = false
      onClose()
      this.#lose(this.#error ?? new CutError(this.#socket.bytesRead > 0))
    })
    // Otherwise nobody would hear that the server closes.
    this.#socket.resume()
  }

  get isIdle(): boolean {
    return this.#isOpen && this.#exchange === undefined
  }

  exchange(head: string, request: DirectRequest): Promise<HttpAnswer | undefined> {
    return new Promise((resolve, reject) => {
      const { stuckTimeoutMs, signal } = request
      const stuck = (): void => this.#fail(new StuckError(stuckTimeoutMs))
      const cancel = (): void => this.#fail(signal?.reason)
      const stuckTimer = setTimeout(stuck, stuckTimeoutMs)
      signal?.addEventListener('abort', cancel, { once: true })
      const nothing = { headLength: 0, head: undefined, body: request.into, filled: 0 }
      this.#exchange = { request, resolve, reject, stuckTimer, cancel, ...nothing }
      if (!this.#socket.connecting) this.#socket.setTimeout(0)
      this.#socket.ref()
      this.#socket.write(head)
    })
  }

  close(): void {
    this.#isOpen = false
    this.#socket.destroy()
  }

  /** Exactly what is missing of the content, so that nothing else can come with it. */
  #room(): Uint8Array {
    const exchange = this.#exchange
    if (exchange === undefined) return this.#headMemory
    return exchange.head === undefined
      ? this.#headMemory.subarray(exchange.headLength)
      : exchange.body.subarray(exchange.filled)
  }

  #receive(length: number): boolean {
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.close()
      return false
    }
    exchange.stuckTimer.refresh()
    if (exchange.head === undefined) this.#receiveHead(exchange, length)
    else exchange.filled += length
    if (exchange.head !== undefined && exchange.filled === exchange.body.length) {
      this.#succeed(exchange, exchange.head)
    }
    return this.#isOpen
  }

  #receiveHead(exchange: Exchange, length: number): void {
    exchange.headLength += length
    const received = this.#headMemory.subarray(0, exchange.headLength)
    const head = parseAnswerHead(received)
    if (head === undefined && received.length < headMemoryLength) return
    const body =
      head === undefined || head === 'odd' ? undefined : contentOf(head, exchange.request)
    const content = head === undefined || head === 'odd' ? received : received.subarray(head.length)
    if (typeof head !== 'object' || body === undefined || content.length > body.length) {
      // That a file is missing or forbidden says nothing about how others will be answered.
      if (typeof head !== 'object' || head.status < 400) this.#onOdd()
      this.#leave(exchange)
      return
    }
    exchange.head = head
    exchange.body = body
    exchange.filled = content.length
    copyBytes(body, content, 0)
  }

  #succeed(exchange: Exchange, { status, headers }: AnswerHead): void {
    this.#end(exchange)
    if (headers.get('connection')?.toLowerCase() === 'close') this.close()
    else {
      // An idle connection must not keep a program alive.
      this.#socket.unref()
      this.#socket.setTimeout(idleTimeout(headers.get('keep-alive')))
    }
    const { body } = exchange
    const start = body.slice(0, startLength)
    exchange.resolve({ status, header: (name) => headers.get(name), body, start })
  }

  /** The connection is of no use: what its answer is going to say is not looked at. */
  #leave(exchange: Exchange): void {
    this.#end(exchange)
    this.close()
    exchange.resolve(undefined)
  }

  #fail(error: unknown): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#end(exchange)
    this.close()
    exchange.reject(error)
  }

  /** The socket is closed. Before the content has begun, somebody else may fare better. */
  #lose(error: Error): void {
    if (this.#exchange?.head === undefined) {
      if (this.#exchange) this.#leave(this.#exchange)
    } else this.#fail(error)
  }

  #end({ stuckTimer, request, cancel }: Exchange): void {
    this.#exchange = undefined
    clearTimeout(stuckTimer)
    request.signal?.removeEventListener('abort', cancel)
  }
}

/** A second before the server closes the connection, if it says when. */
function idleTimeout(keepAlive = ''): number {
  const seconds = Number(/timeout=(\d{1,6})/.exec(keepAlive)?.[1] ?? Number.POSITIVE_INFINITY)
  return Math.max(1, Math.min(keepAliveTimeout, (seconds - 1) * 1000))
}

/** Where the content goes; undefined when it is not the one asked for, or too long. */
function contentOf(
  { status, headers }: AnswerHead,
  request: DirectRequest,
): Uint8Array | undefined {
  const text = headers.get('content-length') ?? ''
  if (!/^\d{1,15}$/.test(text) || status !== (request.slice ? 206 : 200)) return undefined
  const length = Number(text)
  if (length > request.into.length || length !== (request.slice?.length ?? length)) return undefined
  return request.into.subarray(0, length)
}
