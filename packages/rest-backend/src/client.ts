import { setMaxListeners } from 'node:events'
import {
  BackendError,
  isResticError,
  requestLabel,
  type BackendRequest,
  type ByteRates,
  type Cancellable,
} from 'restic-core/backend'
import type { BodySlice } from './body-collector.ts'
import type { DirectRequest } from './direct-get.ts'
import { isUntrusted, noAnswerError, webPageError, refuseElsewhere } from './errors.ts'
import { exchange, type HttpAnswer, type HttpRequest, type UploadBody } from './exchange.ts'
import type { Route, Routes } from './route.ts'
import type { Credentials, RestLocation } from './url.ts'

interface ClientOptions {
  readonly location: RestLocation
  readonly credentials: Credentials | undefined
  readonly userAgent: string
  readonly stuckTimeoutMs: number
  readonly rates: ByteRates
  readonly routes: Routes
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
  #route: Promise<Route> | undefined
  readonly #closing = new AbortController()

  constructor(options: ClientOptions) {
    this.#options = options
    // All requests in flight listen, and Node 20 warns of more than ten.
    setMaxListeners(0, this.#closing.signal)
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
    this.#closing.signal.throwIfAborted()
    let answer: HttpAnswer
    try {
      answer = await this.#exchange(call)
    } catch (error) {
      call.signal?.throwIfAborted()
      this.#closing.signal.throwIfAborted()
      if (isResticError(error)) throw error
      const { location, routes } = this.#options
      throw noAnswerError(what, { origin: location.origin, proxy: routes.proxy() }, error)
    }
    if (answer.status === 200 && isWebPage(answer, call.method)) {
      throw webPageError(what, 'the answer is a web page, not that of a restic REST server')
    }
    refuseElsewhere(what, this.#options.location.origin, answer)
    return answer
  }

  /** Cuts what is still in flight. */
  async dispose(): Promise<void> {
    this.#closing.abort(new BackendError('the store was closed', 'refused'))
    await this.#options.routes.close()
  }

  async #exchange(call: Call): Promise<HttpAnswer> {
    const { location, stuckTimeoutMs, rates, routes } = this.#options
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
      closing: this.#closing.signal,
    }
    this.#route ??= routes.open()
    const used = this.#route
    try {
      return await askOver(await used, request)
    } catch (error) {
      if (!isUntrusted(error)) throw error
      // Another request may have come here first.
      if (this.#route === used) {
        const trusting = await routes.openTrusting()
        if (!trusting) throw error
        this.#route = Promise.resolve(trusting)
      }
      return askOver(await this.#route, request)
    }
  }
}

async function askOver({ open, direct }: Route, request: HttpRequest): Promise<HttpAnswer> {
  const answer = direct && isForDirect(request) ? await direct.get(request) : undefined
  return answer ?? exchange(open, request)
}

/** Below this a connection that is there already is worth more, bytes. */
const directLengthMin = 256 * 1024

/** Packs, whole or large parts of them, as fast as they come. */
function isForDirect(request: HttpRequest): request is DirectRequest {
  const { method, slice, into, rates } = request
  if (method !== 'GET' || into === undefined || rates.download !== undefined) return false
  return (slice?.length ?? directLengthMin) >= directLengthMin
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
