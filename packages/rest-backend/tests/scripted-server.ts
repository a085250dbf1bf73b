import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

interface ScriptedServer extends AsyncDisposable {
  /** With user name and password. */
  readonly url: string
  /** `METHOD /path` of every request so far. */
  readonly requests: readonly string[]
}

export const user = 'jo-the-user'
export const password = 's3cret-p4ssword'

/** Gives the answers one after the other, the last one again and again. */
export async function startScripted(...answers: readonly Answer[]): Promise<ScriptedServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(`${request.method} ${request.url}`)
    answer?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${user}:${password}@127.0.0.1:${port}/repo/`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Reads the request to its end, then answers. */
export function status(
  code: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Uint8Array = '',
): Answer {
  return (request, response) => {
    request.resume().on('end', () => response.writeHead(code, headers).end(body))
  }
}

/** Takes the request and never says a word. */
export const silence: Answer = (request) => {
  request.resume()
}

/** Closes the connection when the request has arrived. */
export const hangUp: Answer = (request) => {
  request.resume().on('end', () => request.socket.destroy())
}

/** Closes the connection after the first bytes of an upload. */
export const hangUpEarly: Answer = (request) => {
  request.once('data', () => request.socket.destroy())
}

/** Announces `length` bytes, sends fewer, and closes. */
export function torso(length: number, sent: Uint8Array): Answer {
  return (request, response) => {
    response.writeHead(200, { 'content-length': String(length) })
    response.write(sent, () => request.socket.destroy())
  }
}

export const webPage: Answer = status(
  200,
  { 'content-type': 'text/html; charset=utf-8' },
  '<!DOCTYPE html><html><body>Please sign in</body></html>',
)
