import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { promisify } from 'node:util'

interface ForwardProxy extends AsyncDisposable {
  readonly url: string
  /** `GET http://host/path` and `CONNECT host:port`, as they came. */
  readonly requests: readonly string[]
  /** What clients called it, one for each connection by TLS. */
  readonly names: readonly unknown[]
  /** Connections that are open. */
  connections(): Promise<number>
}

interface ForwardProxyOptions {
  /** `user:password` that clients must bring */
  readonly credentials?: string
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  /** takes a CONNECT and says nothing */
  readonly isSilent?: boolean
}

export async function startForwardProxy({
  credentials,
  tls,
  isSilent = false,
}: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const requests: string[] = []
  const names: unknown[] = []
  const sockets = new Set<Socket>()
  const wanted =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  const server = tls ? createTlsServer(tls) : createServer()
  server.on('secureConnection', ({ servername }: TLSSocket) => names.push(servername))
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`)
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      request.resume().on('end', () => response.writeHead(407).end())
      return
    }
    const { 'proxy-authorization': _, ...headers } = request.headers
    const { method, url = '' } = request
    const onward = send(url, { method: method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    requests.push(`CONNECT ${request.url}`)
    sockets.add(client)
    if (isSilent) {
      client.on('end', () => client.end()).resume()
      return
    }
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
      return
    }
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(onward).pipe(client)
    })
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', () => [client, onward].forEach((end) => end.destroy()))
    }
  })
  server.listen(0, tls ? 'localhost' : '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const user = credentials === undefined ? '' : `${credentials}@`
  return {
    url: tls ? `https://${user}localhost:${port}` : `http://${user}127.0.0.1:${port}`,
    requests,
    names,
    connections: () => promisify(server.getConnections.bind(server))(),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
