import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { isResticError, type Backend } from 'restic-core/backend'
import { noise, sampleFile } from 'restic-core/testing'
import { describe, expect, it } from 'vitest'
import { restBackend, type RestBackendOptions } from '../src/index.ts'

const pack = sampleFile('pack', [noise(1_000_000, 1)])
const { content, file } = pack

/** Answers one request on a socket; the head of the request is given. */
type Answer = (socket: Socket, head: string) => void

interface RawServer extends AsyncDisposable {
  readonly url: string
  /** How many connections there have been. */
  connections(): number
  /** The heads of the requests so far. */
  readonly heads: readonly string[]
}

/** Gives the answers one after the other, the last one again and again, byte for byte as written. */
async function startRaw(...answers: readonly Answer[]): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const heads: string[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.setNoDelay(true)
    socket.on('data', (data) => {
      for (const head of data.toString('latin1').split('\r\n\r\n').filter(Boolean)) {
        const answer = answers[Math.min(heads.length, answers.length - 1)]
        heads.push(head)
        answer?.(socket, head)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/repo/`,
    connections: () => connections,
    heads,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

const headOf = (length: number, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n\r\n`

const whole: Answer = (socket) => {
  socket.write(headOf(content.length))
  socket.write(content)
}

const wholeThenEnd: Answer = (socket) => {
  socket.write(headOf(content.length))
  socket.end(content)
}

const inPieces: Answer = (socket) => {
  const bytes = Buffer.concat([Buffer.from(headOf(content.length)), content])
  const cuts = [1, 9, 17, 60, 80, 100, 5000, 70_000, 999_000, bytes.length]
  const send = (index: number): void => {
    if (index === cuts.length) return
    socket.write(bytes.subarray(cuts[index - 1] ?? 0, cuts[index]), () =>
      setTimeout(send, 3, index + 1),
    )
  }
  send(0)
}

const noSuchFile: Answer = (socket) => socket.write(headOf(3, '404 Not Found') + 'no\n')

const chunked: Answer = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
}

function memory(length = 2_000_000): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length))
}

/** A store at a server that answers so. */
async function store(
  answers: readonly Answer[],
  options: Partial<RestBackendOptions> = {},
): Promise<AsyncDisposable & { readonly server: RawServer; readonly backend: Backend }> {
  const server = await startRaw(...answers)
  const backend = restBackend({ url: server.url, ...options })
  return {
    server,
    backend,
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function failureOf(reading: Promise<unknown>): Promise<unknown> {
  return reading.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )
}

function expectContent(bytes: Uint8Array, expected: Uint8Array = content): void {
  expect(Buffer.compare(bytes, expected)).toBe(0)
}

/** The content of the answer over node:http differs from the one that was refused. */
const other = noise(1_000_000, 2)
const overNodeHttp: Answer = (socket) => {
  socket.write(headOf(other.length))
  socket.write(other)
}

describe('a pack that is read into memory', () => {
  it('comes there, over one connection for all', async () => {
    await using test = await store([whole])
    const into = memory()
    for (let round = 0; round < 3; round++) {
      into.fill(0)
      const bytes = await test.backend.read(file, { into })
      expect([bytes.buffer === into.buffer, bytes.byteOffset]).toEqual([true, 0])
      expectContent(bytes)
    }
    expect(test.server.connections()).toBe(1)
    expect(test.server.heads[0]).toContain(`GET /repo/data/${file.name} HTTP/1.1\r\nhost: 127.0.`)
  })

  it('is a range where one was asked for', async () => {
    const range = { offset: 1000, length: 600_000 }
    const part = content.subarray(1000, 601_000)
    const answer: Answer = (socket, head) => {
      expect(head).toContain('range: bytes=1000-600999')
      const fields = 'Content-Range: bytes 1000-600999/1000000\r\nContent-Length: 600000\r\n\r\n'
      socket.write(`HTTP/1.1 206 Partial Content\r\n${fields}`)
      socket.write(part)
    }
    await using test = await store([answer])
    expectContent(await test.backend.read(file, { range, into: memory() }), part)
  })

  it('comes in pieces of any length', async () => {
    await using test = await store([inPieces])
    expectContent(await test.backend.read(file, { into: memory() }))
  })

  it('comes over a connection as long as the server keeps it', async () => {
    const head = headOf(content.length).replace('\r\n\r\n', '\r\nKeep-Alive: timeout=1\r\n\r\n')
    await using test = await store([(socket) => void (socket.write(head), socket.write(content))])
    const into = memory()
    expectContent(await test.backend.read(file, { into }))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expectContent(await test.backend.read(file, { into }))
    expect(test.server.connections()).toBe(2)
  })

  it('may come with cookies', async () => {
    const cookies = '\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n'
    const head = headOf(content.length).replace('\r\n\r\n', cookies)
    await using test = await store([(socket) => void (socket.write(head), socket.write(content))])
    expectContent(await test.backend.read(file, { into: memory() }))
    expect(test.server.heads).toHaveLength(1)
  })

  it('is asked for anew when the idle connection was closed', async () => {
    await using test = await store([wholeThenEnd, whole])
    const into = memory()
    expectContent(await test.backend.read(file, { into }))
    expectContent(await test.backend.read(file, { into }))
  })
})

describe('an answer that is none of a pack', () => {
  it.each<[string, string]>([
    [
      'comes in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ],
    ['is a range that nobody asked for', headOf(5, '206 Partial Content') + 'abcde'],
    ['says that there is none', headOf(3, '404 Not Found') + 'no\n'],
    ['is one of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
    ['has two lengths', headOf(3).replace('\r\n\r\n', '\r\nContent-Length: 3\r\n\r\nabc')],
    ['is longer than the memory', headOf(3_000_000)],
    ['has more behind it than it says', headOf(3) + 'abcdef'],
    ['never ends its head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`],
    ['is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
  ])('and %s is left to node:http', async (_, text) => {
    await using test = await store([(socket) => socket.write(text), overNodeHttp])
    expectContent(await test.backend.read(file, { into: memory() }), other)
    expect(test.server.heads).toHaveLength(2)
  })

  it('and never comes is left to node:http', async () => {
    await using test = await store([(socket) => socket.destroy(), overNodeHttp])
    expectContent(await test.backend.read(file, { into: memory() }), other)
  })

  it('is not asked for any more when it came twice', async () => {
    await using test = await store([chunked])
    for (const requests of [2, 4, 5, 6]) {
      const bytes = await test.backend.read(file, { into: memory() })
      expectContent(bytes, Buffer.from('abc'))
      expect(test.server.heads).toHaveLength(requests)
    }
  })

  it('is told apart by node:http', async () => {
    await using test = await store([noSuchFile])
    const error = await failureOf(test.backend.read(file, { into: memory() }))
    expect(error).toMatchObject({ reason: 'not-found' })
  })
})

const half: Answer = (socket) => {
  socket.write(headOf(content.length))
  socket.write(content.subarray(0, 500_000))
}

const cut: Answer = (socket, head) => {
  half(socket, head)
  socket.end()
}

describe('a pack that comes in part', () => {
  it('says that the connection was cut', async () => {
    await using test = await store([cut])
    const error = await failureOf(test.backend.read(file, { into: memory() }))
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(String(error)).toContain('the connection was cut')
    expect(test.server.heads).toHaveLength(1)
  })

  it('is given up when no more comes', async () => {
    await using test = await store([half], { stuckTimeoutMs: 60 })
    const error = await failureOf(test.backend.read(file, { into: memory() }))
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(String(error)).toContain('no data was transferred for 0.06 seconds')
  })

  it('leaves the memory alone once it is cancelled', async () => {
    let send: (() => void) | undefined
    const answer: Answer = (socket, head) => {
      half(socket, head)
      send = () => void socket.write(content.subarray(500_000))
    }
    await using test = await store([answer, whole])
    const stop = new AbortController()
    const into = memory()
    const reading = failureOf(test.backend.read(file, { into, signal: stop.signal }))
    while (into[499_999] !== content[499_999]) await new Promise((resolve) => setImmediate(resolve))
    const reason = new Error('stop it')
    stop.abort(reason)
    expect(await reading).toBe(reason)
    into.fill(0)
    send?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(into.every((byte) => byte === 0)).toBe(true)
    expectContent(await test.backend.read(file, { into }))
  })

  it('is not asked for again when the store is closed before an answer', async () => {
    await using server = await startRaw(() => undefined)
    const backend = restBackend({ url: server.url })
    const reading = failureOf(backend.read(file, { into: memory() }))
    while (server.heads.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await backend[Symbol.asyncDispose]()
    expect(await reading).toMatchObject({ reason: 'refused', message: 'the store was closed' })
    expect(server.connections()).toBe(1)
  })

  it('is rejected when the store is closed', async () => {
    await using server = await startRaw(half)
    const backend = restBackend({ url: server.url })
    const into = memory()
    const reading = failureOf(backend.read(file, { into }))
    while (into[499_999] !== content[499_999]) await new Promise((resolve) => setImmediate(resolve))
    await backend[Symbol.asyncDispose]()
    const error = await reading
    if (!isResticError(error, 'BACKEND')) throw error
    expect(error).toMatchObject({ reason: 'refused', message: 'the store was closed' })
  })
})
