import type * as Https from 'node:https'
import type * as Net from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { BackendError } from 'restic-core/backend'
import { httpModule, httpsModule } from './http-modules.ts'
import { type RestLocation, decoded } from './url.ts'

/** As in the environment variables of these names. */
export interface ProxyOptions {
  readonly httpProxy?: string | undefined
  readonly httpsProxy?: string | undefined
  /**
   * Hosts to reach directly: `name` and all below it, `.domain`, `host:port`, an address or a network
   * of them, `*`; separated by commas.
   */
  readonly noProxy?: string | undefined
}

/** A proxy as requests are addressed to it. */
export interface Proxy {
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  /** What the proxy itself wants to hear. */
  readonly headers: Readonly<Record<string, string>>
}

/** The proxy between us and a server; `host:port` is one by http. */
export async function proxyFor(
  { origin, socketPath }: RestLocation,
  { httpProxy, httpsProxy, noProxy = '' }: ProxyOptions,
): Promise<Proxy | undefined> {
  const given = origin.startsWith('https:') ? httpsProxy : httpProxy
  if (!given || socketPath !== undefined || (await isExempt(origin, noProxy))) return undefined
  const address = given.includes('://') ? given : `http://${given}`
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    // Not quoted, and without a cause that would quote it: it may hold a password.
    throw new BackendError('the address of the proxy is not a URL', 'refused', {
      hint: 'Write it as http://host:port.',
    })
  }
  return { ...placeOf(url), headers: url.username === '' ? {} : authorization(url) }
}

/** Where to connect to for a URL. */
export function placeOf({ protocol, hostname, port }: URL): Omit<Proxy, 'headers'> {
  const isTls = protocol === 'https:'
  // An address of IPv6 stands in brackets there.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { isTls, host, port: port === '' ? (isTls ? 443 : 80) : Number(port) }
}

function authorization({ username, password }: URL): Record<string, string> {
  const user = `${decoded(username)}:${decoded(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }
}

/** By the rules of Go's programs, restic among them. */
async function isExempt(origin: string, noProxy: string): Promise<boolean> {
  if (noProxy === '') return false
  const net = await import('node:net')
  const { host, port } = placeOf(new URL(origin))
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      const [, bare = entry, ofPort] = net.isIP(entry) ? [] : (/^(.*):(\d+)$/.exec(entry) ?? [])
      if (ofPort !== undefined && Number(ofPort) !== port) return false
      const name = bare.replace(/^\*(?=\.)/, '').replace(/^\[(.*)\]$/, '$1')
      return name.includes('/') ? isInNetwork(net, host, name) : isBelow(host, name)
    })
}

function isBelow(host: string, name: string): boolean {
  if (name === '') return false
  return host === name || host.endsWith(name.startsWith('.') ? name : `.${name}`)
}

/** @param network as `10.0.0.0/8` */
function isInNetwork(net: typeof Net, host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/')
  const version = net.isIP(address)
  if (version === 0 || net.isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (version === 4 ? 32 : 128)) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new net.BlockList()
  list.addSubnet(address, Number(bits), family)
  return list.check(host, family)
}

/** Connections of TLS that reach their server through a tunnel of the proxy's. */
export async function tunnelAgent(
  proxy: Proxy,
  proxyTls: Https.RequestOptions,
  options: Https.AgentOptions,
): Promise<Https.Agent> {
  const { connect } = await import('node:tls')
  const { request } = proxy.isTls ? httpsModule() : httpModule()
  const agent = new (httpsModule().Agent)(options)
  agent.createConnection = (target, callback) => {
    const path = `${target.host}:${target.port}`
    const { host, port, headers } = proxy
    const asked = request({
      ...proxyTls,
      method: 'CONNECT',
      path,
      host,
      port,
      agent: false,
      headers: { host: path, ...headers },
    })
    asked.once('connect', ({ statusCode }, socket: Net.Socket) => {
      if (statusCode === 200)
        callback?.(null, connect({ ...(target as ConnectionOptions), socket }))
      else {
        socket.destroy()
        refuse(new Error(`the proxy answered ${statusCode}`))
      }
    })
    const refuse = (error: Error): void => callback?.(error, undefined as never)
    asked.once('error', refuse)
    asked.end()
    return undefined
  }
  return agent
}
