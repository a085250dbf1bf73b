/** A proxy before a real server that does to chosen requests what networks and servers do. */
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export type Fault =
  | { readonly status: number; readonly body?: string }
  /** the connection ends when half of the request has come */
  | 'cut-request'
  /** the connection ends when half of the answer has gone */
  | 'cut-answer'
  /** no answer, ever */
  | 'hang'

export interface FaultProxy extends AsyncDisposable {
  /** ends with a slash */
  readonly url: string
  /** `GET /repo/config` of every request so far */
  readonly requests: readonly string[]
}

/** @param decide what to do to a request; undefined lets it through */
export async function startFaultProxy(
  target: string,
  decide: (method: string, path: string) => Fault | undefined,
): Promise<FaultProxy> {
  const requests: string[] = []
  const server = createServer((incoming, answer) => {
    const { method = '', url = '' } = incoming
    requests.push(`${method} ${url}`)
    const fault = decide(method, url)
    if (fault === undefined) forward(target, incoming, answer, false)
    else if (fault === 'cut-answer') forward(target, incoming, answer, true)
    else if (fault === 'cut-request') cutRequest(incoming)
    else if (fault !== 'hang') {
      incoming.resume()
      answer.writeHead(fault.status).end(fault.body ?? '')
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function forward(
  target: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
  cut: boolean,
): void {
  const outgoing = request(new URL(incoming.url ?? '', target), {
    method: incoming.method,
    headers: incoming.headers,
  })
  outgoing.on('error', () => answer.destroy())
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 0, response.headers)
    if (!cut) return void response.pipe(answer)
    response.once('data', (chunk: Uint8Array) => {
      answer.write(chunk.subarray(0, chunk.length >> 1), () => answer.destroy())
    })
    response.once('end', () => answer.destroy())
  })
  incoming.pipe(outgoing)
}

function cutRequest(incoming: IncomingMessage): void {
  incoming.once('data', () => incoming.socket.destroy())
  incoming.once('end', () => incoming.socket.destroy())
}
