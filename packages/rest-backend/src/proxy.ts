import { BlockList, isIP } from 'node:net'
import { BackendError } from 'restic-core/backend'
import { type RestLocation, decoded, isSecure } from './url.ts'

export interface ProxyOptions {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  /**
   * Hosts to reach directly: `name` and all below it, `.domain`, `host:port`, an address or a network
   * of them, `*`; separated by commas.
   */
  readonly noProxy?: string | undefined
}

/** Where to connect to. */
export interface Place {
  readonly isTls: boolean
  /** a name, or an address without brackets */
  readonly host: string
  readonly port: number
}

/** A proxy as requests are addressed to it. */
export interface Proxy extends Place {
  /** What its certificate must be for; '' for an address. node:https would take the server's name. */
  readonly servername: string
  /** What the proxy itself wants to hear. */
  readonly headers: Readonly<Record<string, string>>
}

/** Loopback, for which no proxy of the environment is asked; Go's rule. */
const loopback = 'localhost,127.0.0.0/8,::1'

/**
 * What the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY tell, in upper case or else in lower case,
 * as Go's programs take them.
 */
export function proxyFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ProxyOptions {
  const variable = (name: string): string | undefined =>
    environment[name.toUpperCase()] || environment[name]
  return {
    httpProxy: variable('http_proxy'),
    httpsProxy: variable('https_proxy'),
    noProxy: `${variable('no_proxy') ?? ''},${loopback}`,
  }
}

/** The proxy between us and a server; `host:port` is one by http. */
export function proxyFor(
  location: RestLocation,
  { httpProxy, httpsProxy, noProxy = '' }: ProxyOptions,
): Proxy | undefined {
  const given = isSecure(location) ? httpsProxy : httpProxy
  if (!given || location.socketPath !== undefined) return undefined
  if (isExempt(location.origin, noProxy)) return undefined
  const address = given.includes('://') ? given : `http://${given}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // Not quoted, and without a cause that would quote it: it may hold a password.
    throw new BackendError('the address of the proxy is not a URL', 'refused', {
      hint: 'Write it as http://host:port.',
    })
  }
  const place = placeOf(url)
  return { ...place, servername: nameOf(place.host), headers: authorization(url) }
}

export function placeOf({ protocol, hostname, port }: URL): Place {
  const isTls = protocol === 'https:'
  // An address of IPv6 stands in brackets there.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { isTls, host, port: port === '' ? (isTls ? 443 : 80) : Number(port) }
}

/** What a certificate must be for, as TLS wants it: '' for an address. */
export function nameOf(host: string): string {
  return isIP(host) === 0 ? host : ''
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const user = `${decoded(username)}:${decoded(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }
}

/** Nearly as in Go's programs, restic among them. */
function isExempt(origin: string, noProxy: string): boolean {
  const { host, port } = placeOf(new URL(origin))
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, bare = entry, ofPort] = isIP(entry) ? [] : (/^(.*):(\d+)$/.exec(entry) ?? [])
      if (ofPort !== undefined && Number(ofPort) !== port) return false
      const name = bare.replace(/^\*(?=\.)/, '').replace(/^\[(.*)\]$/, '$1')
      const version = isIP(name)
      if (version !== 0) return isInNetwork(host, `${name}/${version === 4 ? 32 : 128}`)
      return name.includes('/') ? isInNetwork(host, name) : isBelow(host, name)
    })
}

function isBelow(host: string, name: string): boolean {
  if (name === '') return false
  return host === name || host.endsWith(name.startsWith('.') ? name : `.${name}`)
}

/** @param network as `10.0.0.0/8` */
function isInNetwork(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const version = isIP(address)
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (version === 4 ? 32 : 128)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, Number(bits), family)
  return list.check(host, family)
}
