import { describe, expect, it } from 'vitest'
import { noise, sampleFile } from 'restic-core/testing'
import { restBackend } from '../src/index.ts'
import { startScripted, status, type Answer } from './scripted-server.ts'

const pack = sampleFile('pack', [noise(600_000, 1)])
const limits = { uploadBytesPerSecond: 400_000, downloadBytesPerSecond: 400_000 }

/** In chunks of several sizes, so that a pause falls into the middle of what the socket gave. */
const chunked: Answer = (_, response) => {
  response.writeHead(200)
  for (let at = 0; at < pack.content.length; at += 7777) {
    response.write(pack.content.subarray(at, at + 7777))
  }
  response.end()
}

const whole = status(200, { 'content-length': String(pack.content.length) }, pack.content)
const last = status(200, { connection: 'close' }, pack.content)

describe('a store with limits', () => {
  it.each([
    ['with its length', whole],
    ['in chunks', chunked],
    ['before the connection closes', last],
  ] as const)('reads an answer %s as it is', async (_, answer) => {
    await using server = await startScripted(answer)
    await using backend = restBackend({ url: server.url, limits })
    const startMs = performance.now()
    expect(Buffer.from(pack.content).equals(await backend.read(pack.file))).toBe(true)
    // A lower bound alone, which no busy machine can miss.
    expect(performance.now() - startMs).toBeGreaterThan(400)
  })

  it('sends what it was given', async () => {
    const received: Buffer[] = []
    await using server = await startScripted((request, response) => {
      request.on('data', (chunk: Buffer) => received.push(chunk))
      request.on('end', () => response.writeHead(200).end())
    })
    await using backend = restBackend({ url: server.url, limits })
    await backend.write(pack.file, pack.body)
    expect(Buffer.concat(received).equals(pack.content)).toBe(true)
  })

  it.each(['close', 'keep-alive'])(
    'fails when the server resets the connection in a pause (%s)',
    async (connection) => {
      await using server = await startScripted((request, response) => {
        response.writeHead(200, { connection, 'content-length': String(pack.content.length) })
        response.write(pack.content.subarray(0, 100_000), () => {
          setTimeout(() => request.socket.resetAndDestroy(), 100)
        })
      })
      const slow = { downloadBytesPerSecond: 40_000 }
      await using backend = restBackend({ url: server.url, limits: slow })
      await expect(backend.read(pack.file)).rejects.toMatchObject({ reason: 'unavailable' })
    },
  )
})
