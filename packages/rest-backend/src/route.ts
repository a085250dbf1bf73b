import type { Agent } from 'node:http'
import type { SecureContext } from 'node:tls'
import { DirectGets, type OpenSocket } from './direct-get.ts'
import type { OpenRequest } from './exchange.ts'
import { httpModule, httpsModule, moduleFor } from './http-modules.ts'
import { type Proxy, type ProxyOptions, nameOf, placeOf, proxyFor } from './proxy.ts'
import { connectionOptions } from './timeouts.ts'
import { tunnelsThrough } from './tunnel.ts'
import { type RestLocation, isSecure } from './url.ts'

export interface TlsOptions {
  /** Certificates of the authorities to trust, PEM; no others are trusted then. */
  readonly ca?: string | Uint8Array | undefined
  /** The client's certificate and its key, PEM; both may be in one file. */
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
  /** Accepts any certificate, so anybody in between can pose as the server. */
  readonly insecure?: boolean | undefined
}

interface RouteOptions {
  readonly tls?: TlsOptions | undefined
  readonly proxy?: ProxyOptions | undefined
  readonly agent?: Agent | undefined
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
  readonly open: OpenRequest
  /** None where a proxy or an agent of the caller's stands between. */
  readonly direct?: DirectGets | undefined
  close(): void
}

/** Where the connections of one client come from. */
export interface Routes {
  /** What they all go through, if anything. @throws BackendError when what names it is no address */
  proxy(): Proxy | undefined
  open(): Promise<Route>
  /** One that trusts more authorities, for when the first did not trust the server; or none. */
  openTrusting(): Promise<Route | undefined>
  /** Closes the connections of all that were opened. */
  close(): Promise<void>
}

/**
 * Node brings its own list of authorities, restic asks the system. Reading the system's takes 50 ms,
 * so it is done when Node's do not suffice.
 */
export function routesTo(location: RestLocation, options: RouteOptions): Routes {
  const opened: Promise<Route>[] = []
  const proxy = (): Proxy | undefined =>
    options.agent ? undefined : proxyFor(location, options.proxy ?? {})
  const open = (systemTrust: boolean): Promise<Route> => {
    const route = openRoute(location, { ...options, proxy }, systemTrust)
    opened.push(route)
    return route
  }
  const openTrusting = async (): Promise<Route | undefined> =>
    (await hasSystemTrust(options)) ? open(true) : undefined
  // Several requests may find out at once that they need it.
  let trusting: Promise<Route | undefined> | undefined
  return {
    proxy,
    open: () => open(false),
    openTrusting: () => (trusting ??= openTrusting()),
    async close() {
      for (const opening of await Promise.allSettled(opened.splice(0))) {
        if (opening.status === 'fulfilled') opening.value.close()
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
  options: Omit<RouteOptions, 'proxy'> & Pick<Routes, 'proxy'>,
  systemTrust: boolean,
): Promise<Route> {
  if (options.agent) {
    return { open: opener(location, options.agent), close: () => undefined }
  }
  const secure = await secureOptions(options.tls ?? {}, systemTrust)
  const proxy = options.proxy()
  if (proxy) return proxyRoute(location, proxy, secure)
  const agent = agentFor(isSecure(location), secure)
  const direct = new DirectGets(await socketOpener(location, secure))
  return {
    open: opener(location, agent),
    direct,
    close() {
      direct.close()
      agent.destroy()
    },
  }
}

/** As Go's clients do: http through a proxy is a plain request, https a tunnel. */
async function proxyRoute(location: RestLocation, proxy: Proxy, secure: Secure): Promise<Route> {
  if (isSecure(location)) {
    const tunnels = await tunnelsThrough(proxy, secure, { ...connectionOptions, ...secure })
    return { open: opener(location, tunnels.agent), close: () => tunnels.close() }
  }
  const { origin } = location
  const { isTls, host, port, servername } = proxy
  const agent = agentFor(isTls, secure)
  const { request } = moduleFor(isTls)
  const address = { agent, host, port, servername }
  const own = { host: new URL(origin).host, ...proxy.headers }
  return {
    open: ({ method, path, headers }) =>
      request({ ...address, method, path: origin + path, headers: { ...headers, ...own } }),
    close: () => agent.destroy(),
  }
}

function agentFor(isTls: boolean, secure: Secure): Agent {
  return isTls
    ? new (httpsModule().Agent)({ ...connectionOptions, ...secure })
    : new (httpModule().Agent)(connectionOptions)
}

/** Where a server is, as node:http and node:net want it. */
function addressOf({ origin, socketPath }: RestLocation) {
  const { host, port } = placeOf(new URL(origin))
  return { host, port, socketPath }
}

function opener(location: RestLocation, agent: Agent): OpenRequest {
  const { request } = moduleFor(isSecure(location))
  const address = addressOf(location)
  return (parts) => request({ ...address, ...parts, agent })
}

async function socketOpener(location: RestLocation, secure: Secure): Promise<OpenSocket> {
  const { socketPath, ...address } = addressOf(location)
  const place = socketPath === undefined ? address : { path: socketPath }
  if (!isSecure(location)) {
    const { connect } = await import('node:net')
    return (onread) => connect({ ...place, onread })
  }
  const { connect } = await import('node:tls')
  const servername = nameOf(address.host)
  return (onread) => {
    const options = { ...place, ...secure, servername, ALPNProtocols: ['http/1.1'], onread }
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

/** Whether the system's authorities can make a difference: not every Node can name them. */
async function hasSystemTrust({ tls, agent }: RouteOptions): Promise<boolean> {
  if (tls?.ca !== undefined || agent !== undefined) return false
  const { getCACertificates } = await import('node:tls')
  return typeof getCACertificates === 'function'
}

function asText(pem: string | Uint8Array): string {
  return typeof pem === 'string' ? pem : new TextDecoder().decode(pem)
}
