import type { Dispatcher } from 'undici'
import {
  BackendError,
  isResticError,
  requestLabel,
  type BackendRequest,
  type ByteRates,
  type Cancellable,
} from 'restic-core/backend'
import type { BodySlice } from './body-collector.ts'
import type { Dispatchers } from './dispatcher.ts'
import { isUntrusted, noAnswerError, webPageError } from './errors.ts'
import { exchange, type HttpAnswer, type UploadBody } from './exchange.ts'
import type { Credentials, RestLocation } from './url.ts'

interface ClientOptions {
  readonly location: RestLocation
  readonly credentials: Credentials | undefined
  readonly userAgent: string
  readonly stuckTimeoutMs: number
  readonly rates: ByteRates
  readonly dispatchers: Dispatchers
}

interface Call extends Cancellable {
  readonly method: 'HEAD' | 'GET' | 'POST' | 'DELETE'
  /** below the repository, without a slash at the start */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: UploadBody
  readonly slice?: BodySlice | undefined
  readonly into?: Uint8Array | undefined
  readonly answerLengthMax?: number
}

/** More than any error text and less than any file that is worth a limit, bytes. */
const answerLengthMaxDefault = 64 * 1024

/** Sends requests to one repository of one server. */
export class Client {
  readonly #options: ClientOptions
  readonly #headers: Readonly<Record<string, string>>
  #dispatcher: Promise<Dispatcher> | undefined
  #disposed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.#headers = {
      accept: 'application/vnd.x.restic.rest.v2',
      'user-agent': options.userAgent,
      // The server does not ask: it answers 401 without naming a way to authenticate.
      ...(options.credentials && { authorization: basic(options.credentials) }),
    }
  }

  /**
   * The server's answer, whatever its status.
   *
   * @param request what messages name
   * @throws BackendError 'unavailable' when there is no answer, or one that cannot be the server's
   */
  async ask(request: BackendRequest, call: Call): Promise<HttpAnswer> {
    const what = requestLabel(request)
    call.signal?.throwIfAborted()
    if (this.#disposed) throw closedError()
    let answer: HttpAnswer
    try {
      answer = await this.#exchange(call)
    } catch (error) {
      call.signal?.throwIfAborted()
      if (this.#disposed) throw closedError()
      if (isResticError(error)) throw error
      throw noAnswerError(what, this.#options.location.origin, error)
    }
    if (answer.status === 200 && isWebPage(answer, call.method)) {
      throw webPageError(what, 'the answer is a web page, not that of a restic REST server')
    }
    return answer
  }

  /** Cuts what is still in flight. */
  async dispose(): Promise<void> {
    this.#disposed = true
    await this.#options.dispatchers.close()
  }

  async #exchange(call: Call): Promise<HttpAnswer> {
    const { location, stuckTimeoutMs, rates, dispatchers } = this.#options
    const request = {
      method: call.method,
      origin: location.origin,
      path: location.path + call.path,
      headers: { ...this.#headers, ...call.headers },
      body: call.body,
      slice: call.slice,
      into: call.into,
      answerLengthMax: call.answerLengthMax ?? answerLengthMaxDefault,
      stuckTimeoutMs,
      rates,
      signal: call.signal,
    }
    this.#dispatcher ??= dispatchers.open()
    const used = this.#dispatcher
    try {
      return await exchange(await used, request)
    } catch (error) {
      if (!isUntrusted(error)) throw error
      // Another request may have come here first.
      if (this.#dispatcher === used) {
        const trusting = await dispatchers.openTrusting()
        if (!trusting) throw error
        this.#dispatcher = Promise.resolve(trusting)
      }
      return exchange(await this.#dispatcher, request)
    }
  }
}

function closedError(): BackendError {
  return new BackendError('the store was closed', 'refused')
}

function basic({ user, password }: Credentials): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

/**
 * A GET needs a look at the body: rest-server guesses the type of a file by its first bytes, and one
 * in a million encrypted files begins with `<B>` or the like.
 */
function isWebPage(answer: HttpAnswer, method: Call['method']): boolean {
  if (!(answer.header('content-type') ?? '').startsWith('text/html')) return false
  if (method !== 'GET') return true
  const start = new TextDecoder('latin1').decode(answer.start)
  return /^\s*<(!doctype|html|head)/i.test(start)
}
