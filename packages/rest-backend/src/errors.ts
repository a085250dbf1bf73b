import { BackendError, type BackendReason } from 'restic-core/backend'
import { TooLongError } from './body-collector.ts'
import { CutError, StuckError, type HttpAnswer } from './exchange.ts'
import type { Place } from './proxy.ts'
import { ProxyError } from './tunnel.ts'

interface Meaning {
  readonly text: string
  readonly permanent?: boolean
  readonly hint?: string
}

/** What stops a connection before it is made: with a proxy between, the one to the proxy. */
const notConnected: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: {
    text: 'the name of the server cannot be resolved',
    hint: 'Check the name in the location, and the network.',
  },
  EAI_AGAIN: {
    text: 'the name of the server cannot be resolved now',
    hint: 'Check the network and its name server.',
  },
  ECONNREFUSED: {
    text: 'the connection was refused',
    hint: 'Check that the server runs and that the port is right.',
  },
  EHOSTUNREACH: { text: 'the server cannot be reached', hint: 'Check the network.' },
  ENETUNREACH: { text: 'the network cannot be reached', hint: 'Check the network.' },
  ETIMEDOUT: { text: 'the connection timed out' },
}

const network: Readonly<Record<string, Meaning>> = {
  ...notConnected,
  ENOENT: { text: 'there is no such socket', hint: 'Check that the server runs and its path.' },
  EACCES: { text: 'the socket may not be used', permanent: true },
  EPROTO: {
    text: 'the server does not speak TLS as we do',
    permanent: true,
    hint: 'Check https or http in the location, and the port.',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    text: 'the server does not speak TLS',
    permanent: true,
    hint: 'Check https or http in the location, and the port.',
  },
}

const cut: Meaning = { text: 'the connection was cut' }
const untrusted: Meaning = {
  text: "the server's certificate cannot be verified",
  permanent: true,
  hint: 'Name the certificate of its authority (--cacert), or check that this is the right server.',
}
const unusable: Meaning = {
  text: 'the certificate or key given cannot be used',
  permanent: true,
  hint: 'Check that the files hold a certificate and its own key, as PEM without a password.',
}
const certificateWanted: Meaning = {
  text: 'the server wants another client certificate',
  permanent: true,
  hint: 'Name a client certificate with its key (--tls-client-cert).',
}
/**
 * In TLS 1.3 a server refuses a client without a certificate after the handshake, and all that may be
 * seen of it is that the connection was closed before any data came.
 */
const closedUnheard: Meaning = {
  text: 'the connection was closed without an answer',
  hint: 'If the server wants a client certificate, name one with its key (--tls-client-cert).',
}
const noTunnel: Meaning = { text: 'the proxy makes no connection to the server' }
const proxyRefused: Meaning = {
  text: 'the proxy wants other credentials',
  permanent: true,
  hint: 'Check user name and password of the proxy.',
}

/** Between us and the server. */
interface Way {
  readonly origin: string
  /** what stands between, if anything does */
  readonly proxy?: Place | undefined
}

/** A request that got no answer. The message names the server's origin. */
export function noAnswerError(request: string, way: Way, error: unknown): BackendError {
  const what = `${request} at ${way.origin}`
  if (error instanceof StuckError) {
    return new BackendError(`${what}: ${error.message}`, 'unavailable')
  }
  if (error instanceof TooLongError) return webPageError(what, error.message)
  const { text, permanent = false, hint } = meaningOf(error, way)
  return new BackendError(`${what}: ${text}${whyOf(error)}`, 'unavailable', {
    permanent,
    hint,
    cause: error,
  })
}

/** Without the advice Node adds about its own command line. */
function whyOf(error: unknown): string {
  const message = error instanceof Error ? (error.message.split('; ')[0] ?? '') : ''
  return message === '' ? '' : ` (${message})`
}

function noProxy({ host, port }: Place): Meaning {
  return {
    text: `the proxy ${host}:${port} cannot be reached`,
    hint: 'Check the variables that name it (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), and that it runs.',
  }
}

function meaningOf(error: unknown, { origin, proxy }: Way): Meaning {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (proxy && Object.hasOwn(notConnected, code)) return noProxy(proxy)
  const known = network[code]
  if (known) return known
  if (/ALERT_.*CERTIFICATE|ALERT_HANDSHAKE_FAILURE/.test(code)) return certificateWanted
  if (code.startsWith('ERR_OSSL_')) return unusable
  if (isUntrusted(error)) return untrusted
  if (error instanceof ProxyError) return error.status === 407 ? proxyRefused : noTunnel
  const isSecure = origin.startsWith('https:')
  if (isSecure && error instanceof CutError && !error.wasHeard) return closedUnheard
  return cut
}

/** The server's certificate did not pass. */
export function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false
  return /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_)/.test(String(error.code))
}

/** All of these are permanent; what is not here may pass. */
const statuses: Readonly<
  Record<number, { readonly reason: BackendReason; readonly hint?: string }>
> = {
  400: { reason: 'refused', hint: 'Check https or http in the location, and the port.' },
  401: {
    reason: 'denied',
    hint: 'Check user name and password, and that the user may use this path.',
  },
  403: { reason: 'denied', hint: 'The server does not allow this to this user.' },
  404: { reason: 'not-found' },
  405: {
    reason: 'refused',
    hint: 'Check the path in the location: this may be no restic REST server.',
  },
  407: { reason: 'denied', hint: 'Check user name and password of the proxy.' },
  413: {
    reason: 'refused',
    hint: 'A proxy before the server limits the size of uploads; raise it over the pack size.',
  },
  416: { reason: 'short-read' },
  507: { reason: 'full', hint: 'The server has no room left, or its quota is used up.' },
}

/** An answer that is not what the request is answered with when it succeeds. */
export function answerError(what: string, answer: HttpAnswer): BackendError {
  const { status } = answer
  const moved = answer.header('location')
  if (status >= 300 && status < 400) {
    return new BackendError(`${what}: the server redirects, ${status}`, 'refused', {
      hint: `Use the address it names in the location${moved ? `: ${withoutUser(moved)}` : '.'}`,
    })
  }
  if (status < 300) return webPageError(what, `an unexpected answer, ${status}`)
  const text = `${what}: the server answered ${status}${detailOf(answer)}`
  const { reason, hint } = statuses[status] ?? { reason: 'unavailable' }
  return new BackendError(text, reason, { hint })
}

/** The login page of a network sends to a host of its own; a server that has moved does so as well. */
export function refuseElsewhere(what: string, origin: string, answer: HttpAnswer): void {
  const moved = answer.header('location')
  if (answer.status < 300 || answer.status >= 400 || moved === undefined) return
  if (!URL.canParse(moved, origin)) return
  const to = new URL(moved, origin)
  if (to.hostname === new URL(origin).hostname) return
  throw new BackendError(`${what}: a redirect to ${to.host}, ${answer.status}`, 'unavailable', {
    permanent: true,
    hint: `A login page of the network may be answering. Has the server moved to ${withoutUser(moved)}?`,
  })
}

/** Something in between answered in the server's name, or it is another kind of server. */
export function webPageError(what: string, text: string): BackendError {
  return new BackendError(`${what}: ${text}`, 'unavailable', {
    permanent: true,
    hint: 'Check the location; a proxy or the login page of a network may be answering.',
  })
}

/** The first line a server says about an error, when it is text for people. */
function detailOf(answer: HttpAnswer): string {
  if (!(answer.header('content-type') ?? '').startsWith('text/plain')) return ''
  const line = new TextDecoder().decode(answer.body).split('\n')[0] ?? ''
  const printable = line
    .replaceAll(/[^ -~]/g, '')
    .slice(0, 200)
    .trim()
  return printable === '' ? '' : `: ${printable}`
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}
