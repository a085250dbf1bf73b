import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { Random } from '../data/random.ts'
import { startSlowLink } from './slow-link.ts'

const roundTripMs = 40

/** A server that sends back what it gets, behind a link of 100 Mbit/s. */
async function echoOverLink() {
  const server = createServer((socket) => socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const link = await startSlowLink(`http://127.0.0.1:${port}/`, { roundTripMs, megabits: 100 })
  return {
    connect: () => connect({ port: Number(new URL(link.url).port), host: '127.0.0.1' }),
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]()
      server.close()
    },
  }
}

async function echoed(socket: Socket, data: Uint8Array): Promise<{ data: Buffer; ms: number }> {
  const start = performance.now()
  const parts: Buffer[] = []
  socket.write(data)
  let length = 0
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    parts.push(part as Buffer)
    length += (part as Buffer).length
    if (length >= data.length) break
  }
  return { data: Buffer.concat(parts), ms: performance.now() - start }
}

it('takes a round trip to connect, and one for each answer', async () => {
  await using echo = await echoOverLink()
  const socket = echo.connect()
  const first = await echoed(socket, Buffer.from('a'))
  const second = await echoed(socket, Buffer.from('b'))
  socket.end()
  expect(first.ms).toBeGreaterThan(2 * roundTripMs - 2)
  expect(second.ms).toBeGreaterThan(roundTripMs - 2)
  expect(second.ms).toBeLessThan(10 * roundTripMs)
})

it('shares its capacity between connections, and keeps every byte in its place', async () => {
  await using echo = await echoOverLink()
  const inputs = ['a', 'b', 'c'].map((seed) => new Random(seed).bytes(1_000_000))
  const start = performance.now()
  const answers = await Promise.all(
    inputs.map(async (input) => {
      const socket = echo.connect()
      const { data } = await echoed(socket, input)
      socket.end()
      return data.equals(input)
    }),
  )
  expect(answers).toEqual([true, true, true])
  // 3 MB at 12.5 MB/s is 240 ms, and the two ways overlap.
  expect(performance.now() - start).toBeGreaterThan(240 + 2 * roundTripMs - 2)
  expect(performance.now() - start).toBeLessThan(3000)
})

it('passes on the end of a connection, each way for itself', async () => {
  await using echo = await echoOverLink()
  const socket = echo.connect()
  socket.end('last words')
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part as Buffer)
  expect(Buffer.concat(parts).toString()).toBe('last words')
})
