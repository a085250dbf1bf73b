import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  equalBytes,
  layered,
  limit,
  retry,
  type Backend,
  type RetryEvent,
} from 'restic-core/backend'
import { noise, pseudoRandom, sampleFile } from 'restic-core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRestServer, type RunningServer } from '../../../tools/servers.ts'
import { restBackend } from '../src/index.ts'

/** What a wire does with the connections made over it, in order; later ones pass. */
type Fate = 'pass' | 'lose the answer' | 'cut the upload'

interface Wire extends AsyncDisposable {
  readonly port: number
}

/** A TCP connection to `port` with accidents. */
async function startWire(port: number, fates: readonly Fate[]): Promise<Wire> {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer((client) => {
    const fate = fates[count++] ?? 'pass'
    const onward = connect(port, '127.0.0.1')
    const drop = (): void => {
      client.destroy()
      onward.destroy()
    }
    for (const socket of [client, onward]) {
      sockets.add(socket)
      socket.on('error', drop).on('close', drop)
    }
    let passed = 0
    client.on('data', (chunk) => {
      passed += chunk.length
      if (fate === 'cut the upload' && passed > 300_000) drop()
      else if (!onward.write(chunk)) client.pause()
    })
    onward.on('drain', () => client.resume())
    if (fate === 'lose the answer') onward.once('data', drop)
    else onward.on('data', (chunk) => client.write(chunk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

let folder = ''
let server: RunningServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lost-answers-'))
  server = await startRestServer({ dataDir: folder })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const next = pseudoRandom(1)
const world = {
  clock: { nowNs: () => process.hrtime.bigint() },
  random: (length: number) => Uint8Array.from({ length }, () => next() >>> 24),
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms / 100)
  })
}

/** A store over the wire, with pauses of a hundredth. */
function overWire(wire: Wire, repository: string, events: RetryEvent[]): Backend {
  const rest = restBackend({ url: `http://127.0.0.1:${wire.port}/${repository}/` })
  return layered(rest, limit(), retry(world, { wait, onEvent: (event) => events.push(event) }))
}

const pack = sampleFile('pack', [noise(3_000_000, 1), noise(2_000_000, 2)])

describe('an upload to a real server', () => {
  it.each([
    ['whose answer is lost', ['lose the answer']],
    ['that is cut', ['cut the upload']],
    ['that is cut again and again', ['cut the upload', 'pass', 'cut the upload']],
    [
      'whose answer is lost, as is that to the question after it',
      ['lose the answer', 'lose the answer'],
    ],
  ] satisfies readonly (readonly [string, readonly Fate[]])[])(
    '%s arrives once and whole',
    async (name, fates) => {
      const repository = name.replaceAll(/\W/g, '-')
      await using direct = restBackend({ url: `${server.url}${repository}` })
      await direct.create()
      await using wire = await startWire(Number(new URL(server.url).port), fates)
      const events: RetryEvent[] = []
      await using backend = overWire(wire, repository, events)
      await backend.write(pack.file, pack.body)
      expect(events.map(({ type }) => type)).toContain('recovered')
      expect(equalBytes(await direct.read(pack.file), pack.content)).toBe(true)
      const stored = await readdir(join(folder, repository, 'data', pack.file.name.slice(0, 2)))
      expect(stored).toContain(pack.file.name)
      expect(server.logs()).not.toContain('DELETE')
    },
  )

  it('of a config whose answer is lost is known to be ours', async () => {
    await using direct = restBackend({ url: `${server.url}of-config` })
    await direct.create()
    await using wire = await startWire(Number(new URL(server.url).port), ['lose the answer'])
    await using backend = overWire(wire, 'of-config', [])
    await backend.write({ type: 'config' }, [noise(155, 3)])
    expect(await direct.read({ type: 'config' })).toEqual(noise(155, 3))
  })
})

describe('a removal from a real server', () => {
  it('whose answer is lost is done', async () => {
    await using direct = restBackend({ url: `${server.url}removal` })
    await direct.create()
    await direct.write(pack.file, pack.body)
    await using wire = await startWire(Number(new URL(server.url).port), ['lose the answer'])
    await using backend = overWire(wire, 'removal', [])
    await backend.remove(pack.file)
    await expect(direct.stat(pack.file)).rejects.toMatchObject({ reason: 'not-found' })
  })
})
