import type { ClientRequest } from 'node:http'
import type { Agent, AgentOptions, RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { httpsModule, moduleFor } from './http-modules.ts'
import type { Proxy } from './proxy.ts'
import { connectTimeout } from './timeouts.ts'

/** A proxy that makes no tunnel. */
export class ProxyError extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the proxy answered ${status}`)
    this.status = status
  }
}

/** Connections of TLS that reach their server through a proxy. */
export interface Tunnels {
  readonly agent: Agent
  /** Closes them, and those that are being made. */
  close(): void
}

/** @param proxyTls for the connection to the proxy itself */
export async function tunnelsThrough(
  proxy: Proxy,
  proxyTls: RequestOptions,
  options: AgentOptions,
): Promise<Tunnels> {
  const { connect } = await import('node:tls')
  const agent = new (httpsModule().Agent)(options)
  // The agent does not know of these yet.
  const asking = new Set<ClientRequest>()
  agent.createConnection = (target, done) => {
    const host = target.host ?? ''
    const place = `${host.includes(':') ? `[${host}]` : host}:${target.port}`
    const asked = askForTunnel(proxy, proxyTls, place, (error, socket) => {
      asking.delete(asked)
      if (socket === undefined) done?.(error, undefined as never)
      else done?.(null, connect({ ...(target as ConnectionOptions), socket }))
    })
    asking.add(asked)
    return undefined
  }
  return {
    agent,
    close() {
      for (const asked of asking) asked.destroy()
      agent.destroy()
    },
  }
}

/** @param done gets a socket or an error */
function askForTunnel(
  { isTls, host, port, servername, headers }: Proxy,
  proxyTls: RequestOptions,
  place: string,
  done: (error: Error | null, socket?: Socket) => void,
): ClientRequest {
  const asked = moduleFor(isTls).request({
    ...proxyTls,
    method: 'CONNECT',
    path: place,
    host,
    port,
    servername,
    agent: false,
    timeout: connectTimeout,
    headers: { host: place, ...headers },
  })
  asked.on('error', done)
  asked.once('timeout', () => {
    asked.destroy(Object.assign(new Error('the proxy does not answer'), { code: 'ETIMEDOUT' }))
  })
  // What may come with the answer is nothing of TLS, in which the client speaks first.
  asked.once('connect', ({ statusCode = 0 }, socket: Socket) => {
    if (statusCode === 200) {
      socket.setTimeout(0)
      done(null, socket)
    } else {
      socket.destroy()
      done(new ProxyError(statusCode))
    }
  })
  asked.end()
  return asked
}
