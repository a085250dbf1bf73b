import type { SecureContext } from 'node:tls'
import type { Dispatcher } from 'undici'
import { BackendError } from 'restic-core/backend'
import { DirectGets, type OpenSocket } from './direct-get.ts'
import { connectTimeout, keepAliveTimeout } from './timeouts.ts'
import type { RestLocation } from './url.ts'

export interface TlsOptions {
  /** Certificates of the authorities to trust, PEM; no others are trusted then. */
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

interface RouteOptions {
  readonly connections: number
  readonly tls?: TlsOptions | undefined
  readonly proxy?: ProxyOptions | undefined
}

interface Secure {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly secureContext?: SecureContext
  readonly rejectUnauthorized: boolean
}

/** A way to the server. */
export interface Route {
  readonly dispatcher: Dispatcher
  /** None where a proxy stands between. */
  readonly direct?: DirectGets | undefined
}

/** Where the connections of one client come from. */
export interface Routes {
  open(): Promise<Route>
  /** One that trusts more authorities, for when the first did not trust the server; or none. */
  openTrusting(): Promise<Route | undefined>
  /** Closes all that were opened, with what is in flight. */
  close(): Promise<void>
}

/** The caller's, who also closes it. */
export function sharedRoute(dispatcher: Dispatcher): Routes {
  return {
    open: async () => ({ dispatcher }),
    openTrusting: async () => undefined,
    close: async () => {},
  }
}

/**
 * Node brings its own list of authorities, restic asks the system. Reading the system's takes 50 ms,
 * so it is done when Node's do not suffice.
 */
export function ownRoutes(location: RestLocation, options: RouteOptions): Routes {
  const opened: Promise<Route>[] = []
  const open = (systemTrust: boolean): Promise<Route> => {
    const route = openRoute(location, options, systemTrust)
    opened.push(route)
    return route
  }
  const openTrusting = async (): Promise<Route | undefined> =>
    (await hasSystemTrust(options.tls)) ? open(true) : undefined
  // Several requests may find out at once that they need it.
  let trusting: Promise<Route | undefined> | undefined
  return {
    open: () => open(false),
    openTrusting: () => (trusting ??= openTrusting()),
    async close() {
      for (const opening of await Promise.allSettled(opened.splice(0))) {
        if (opening.status !== 'fulfilled') continue
        opening.value.direct?.close()
        await opening.value.dispatcher.destroy()
      }
    },
  }
}

/**
 * HTTP/1.1 only: HTTP/2 was not faster on any server we measured, and Node limits the memory of its
 * sessions so that four uploads of 16 MiB at once fail.
 */
async function openRoute(
  location: RestLocation,
  options: RouteOptions,
  systemTrust: boolean,
): Promise<Route> {
  const secure = await secureOptions(options.tls ?? {}, systemTrust)
  const common = {
    // Locks pass the limit on requests, so they must find a connection too.
    connections: options.connections + 1,
    allowH2: false,
    keepAliveTimeout,
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  const proxy = proxyFor(location, options.proxy ?? {})
  if (proxy === undefined) {
    // undici as a whole takes 0.1 s to load, this part of it a third of that.
    const { default: Agent } = await import('undici/lib/dispatcher/agent.js')
    const socketPath = location.socketPath
    const socket = socketPath === undefined ? {} : { socketPath }
    const connect = { ...secure, ...socket, timeout: connectTimeout }
    return {
      dispatcher: new Agent({ ...common, connect }),
      direct: new DirectGets(await socketOpener(location, secure)),
    }
  }
  const { EnvHttpProxyAgent } = await import('undici')
  const dispatcher = new EnvHttpProxyAgent({
    ...common,
    httpProxy: proxy,
    httpsProxy: proxy,
    // Empty, not absent: for an absent value undici would look into the environment.
    noProxy: options.proxy?.noProxy ?? '',
    connect: { ...secure, timeout: connectTimeout },
    requestTls: secure,
    // As Go's clients do: http through a proxy is a plain request, https a tunnel.
    proxyTunnel: false,
  })
  return { dispatcher }
}

async function socketOpener(
  { origin, socketPath }: RestLocation,
  secure: Secure,
): Promise<OpenSocket> {
  const { protocol, hostname, port } = new URL(origin)
  const isTls = protocol === 'https:'
  // An address of IPv6 stands in brackets there.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const place =
    socketPath === undefined
      ? { host, port: port === '' ? (isTls ? 443 : 80) : Number(port) }
      : { path: socketPath }
  if (!isTls) {
    const { connect } = await import('node:net')
    return (onread) => connect({ ...place, onread })
  }
  const [{ connect }, { isIP }] = await Promise.all([import('node:tls'), import('node:net')])
  // The name of a server may not be an address there.
  const name = isIP(host) === 0 ? { servername: host } : {}
  return (onread) => {
    const options = { ...place, ...secure, ...name, ALPNProtocols: ['http/1.1'], onread }
    return connect(options)
  }
}

async function secureOptions(tls: TlsOptions, systemTrust: boolean): Promise<Secure> {
  const secure: Secure = {
    ...(tls.ca !== undefined && { ca: asText(tls.ca) }),
    ...(tls.cert !== undefined && { cert: asText(tls.cert) }),
    ...(tls.key !== undefined && { key: asText(tls.key) }),
    rejectUnauthorized: tls.insecure !== true,
  }
  if (!systemTrust) return secure
  const { createSecureContext, getCACertificates } = await import('node:tls')
  const ca = [...getCACertificates('default'), ...getCACertificates('system')]
  // Once for all connections: it takes longer than a handshake.
  return { ...secure, secureContext: createSecureContext({ ...secure, ca }) }
}

/** The address of the proxy for a server of this scheme; `host:port` is one by http. */
function proxyFor(location: RestLocation, proxy: ProxyOptions): string | undefined {
  const given = location.origin.startsWith('https:') ? proxy.httpsProxy : proxy.httpProxy
  if (!given || location.socketPath !== undefined) return undefined
  const address = given.includes('://') ? given : `http://${given}`
  if (URL.canParse(address)) return address
  // Not quoted, and without a cause that would quote it: it may hold a password.
  throw new BackendError('the address of the proxy is not a URL', 'refused', {
    hint: 'Write it as http://host:port.',
  })
}

/** Whether the system's authorities can make a difference: not every Node can name them. */
async function hasSystemTrust(tls: TlsOptions | undefined): Promise<boolean> {
  if (tls?.ca !== undefined) return false
  const { getCACertificates } = await import('node:tls')
  return typeof getCACertificates === 'function'
}

function asText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
