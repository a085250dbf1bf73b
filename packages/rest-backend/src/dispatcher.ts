import type { Dispatcher } from 'undici'
import type { RestLocation } from './url.ts'

export interface TlsOptions {
  /** Certificates of the authorities to trust, PEM; they replace the system's. */
  readonly ca?: string | Uint8Array | undefined
  /** The client's certificate and its key, PEM; both may be in one file. */
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
  /** Accepts any certificate, so anybody in between can pose as the server. */
  readonly insecure?: boolean | undefined
}

/** As in the environment variables of these names. */
export interface ProxyOptions {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  /** Hosts to reach directly: names, `.domain`, `host:port`, `*`; separated by commas. */
  readonly noProxy?: string | undefined
}

export interface DispatcherOptions {
  readonly connections: number
  readonly tls?: TlsOptions | undefined
  readonly proxy?: ProxyOptions | undefined
}

/**
 * Most servers close idle connections later than this, and those that do it earlier say so, so that
 * an upload rarely meets a connection that is just being closed, milliseconds.
 */
const keepAliveTimeout = 15_000
const connectTimeout = 30_000

/**
 * The connections of one backend. HTTP/1.1 only: HTTP/2 was not faster on any server we measured, and
 * Node limits a session's memory so that four uploads of 16 MiB at once fail.
 */
export async function openDispatcher(
  location: RestLocation,
  options: DispatcherOptions,
): Promise<Dispatcher> {
  const { tls = {}, proxy = {} } = options
  const secure = {
    ...(tls.ca !== undefined && { ca: asText(tls.ca) }),
    ...(tls.cert !== undefined && { cert: asText(tls.cert) }),
    ...(tls.key !== undefined && { key: asText(tls.key) }),
    rejectUnauthorized: tls.insecure !== true,
  }
  const common = {
    // Locks pass the limit on requests, so they must find a connection too.
    connections: options.connections + 1,
    allowH2: false,
    keepAliveTimeout,
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const httpProxy = location.origin.startsWith('http:') ? (proxy.httpProxy ?? '') : ''
  const httpsProxy = location.origin.startsWith('https:') ? (proxy.httpsProxy ?? '') : ''
  const direct = location.socketPath !== undefined || (httpProxy === '' && httpsProxy === '')
  // undici as a whole takes 0.1 s to load, this part of it a third of that.
  if (direct) {
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js')
    const socketPath = location.socketPath
    const socket = socketPath === undefined ? {} : { socketPath }
    return new Agent({ ...common, connect: { ...secure, ...socket, timeout: connectTimeout } })
  }
  const { EnvHttpProxyAgent } = await import('undici')
  return new EnvHttpProxyAgent({
    ...common,
    // Empty values, not absent ones: for absent ones undici would look into the environment.
    httpProxy,
    httpsProxy,
    noProxy: proxy.noProxy ?? '',
    connect: { ...secure, timeout: connectTimeout },
    requestTls: secure,
    // As Go's clients do: http through a proxy is a plain request, https a tunnel.
    proxyTunnel: false,
  })
}

function asText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
