import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

interface ForwardProxy extends AsyncDisposable {
  readonly url: string
  /** `GET http://host/path` and `CONNECT host:port`, as they came. */
  readonly requests: readonly string[]
}

/** @param credentials `user:password` that clients must bring */
export async function startForwardProxy(credentials?: string): Promise<ForwardProxy> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const wanted =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  const server = createServer((request, response) => {
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
  server.on('connect', (request, client: Socket) => {
    requests.push(`CONNECT ${request.url}`)
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const user = credentials === undefined ? '' : `${credentials}@`
  return {
    url: `http://${user}127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
