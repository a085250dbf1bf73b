import { inspect } from 'node:util'
import { BackendError, isResticError, type Backend } from 'restic-core/backend'
import { listed, noise, sampleFile } from 'restic-core/testing'
import { describe, expect, it } from 'vitest'
import { restBackend, type RestBackendOptions } from '../src/index.ts'
import {
  hangUp,
  hangUpEarly,
  password,
  silence,
  startScripted,
  status,
  torso,
  user,
  webPage,
  type Answer,
} from './scripted-server.ts'

const pack = sampleFile('pack', [noise(2_000_000, 1)])
const operations = {
  create: (backend: Backend) => backend.create(),
  list: (backend: Backend) => listed(backend, 'snapshot'),
  stat: (backend: Backend) => backend.stat(pack.file),
  read: (backend: Backend) => backend.read(pack.file),
  'read a range': (backend: Backend) =>
    backend.read(pack.file, { range: { offset: 10, length: 20 } }),
  write: (backend: Backend) => backend.write(pack.file, pack.body),
  remove: (backend: Backend) => backend.remove(pack.file),
}
type Operation = keyof typeof operations
const all = Object.keys(operations) as Operation[]

/** The BackendError of one request to a server that answers so, without secrets in it. */
async function failureOf(
  operation: Operation,
  answers: readonly Answer[],
  options: Partial<RestBackendOptions> = {},
): Promise<BackendError> {
  await using server = await startScripted(...answers)
  await using backend = restBackend({ url: server.url, ...options })
  return await rejectionOf(backend, operation)
}

async function rejectionOf(backend: Backend, operation: Operation): Promise<BackendError> {
  const error: unknown = await operations[operation](backend).then(
    () => new Error(`${operation} succeeded`),
    (failure: unknown) => failure,
  )
  if (!isResticError(error, 'BACKEND')) throw error
  expectNoSecret(inspect(error, { depth: 9, showHidden: true }), backend.location, inspect(backend))
  return error
}

function expectNoSecret(...texts: readonly string[]): void {
  const encoded = Buffer.from(`${user}:${password}`).toString('base64')
  for (const text of texts) {
    for (const secret of [user, password, encoded]) expect(text).not.toContain(secret)
  }
}

const refusalBegun: Answer = (_, response) => {
  response.writeHead(507, { 'content-length': '100' }).flushHeaders()
}

const refusalCut: Answer = (request, response) => {
  refusalBegun(request, response)
  response.write('no', () => response.destroy())
}

describe('a status', () => {
  it.each([
    [401, 'denied', true, 'password'],
    [403, 'denied', true, 'not allow'],
    [405, 'refused', true, 'path'],
    [411, 'unavailable', false, undefined],
    [413, 'refused', true, 'pack size'],
    [429, 'unavailable', false, undefined],
    [500, 'unavailable', false, undefined],
    [502, 'unavailable', false, undefined],
    [503, 'unavailable', false, undefined],
    [507, 'full', true, 'room'],
  ] as const)('of %i means %s', async (code, reason, permanent, hint) => {
    for (const operation of all) {
      const error = await failureOf(operation, [status(code)])
      expect(error, operation).toMatchObject({ reason, permanent })
      expect(error.message).toContain(`the server answered ${code}`)
      const wanted = operation === 'remove' && code === 403 ? 'append-only' : hint
      expect(error.hint ?? '').toContain(wanted ?? '')
    }
  })

  it('of 403 to an upload means refused when the file is there', async () => {
    const there = status(200, { 'content-length': '5' })
    const error = await failureOf('write', [status(403), there])
    expect(error).toMatchObject({ reason: 'refused', permanent: true })
  })

  it('of 400 to an upload may pass: the bytes were damaged on their way', async () => {
    const error = await failureOf('write', [status(400)])
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(await failureOf('read', [status(400)])).toMatchObject({ reason: 'refused' })
  })

  it('of a refusal counts although its text is cut, or does not come', async () => {
    expect(await failureOf('write', [refusalCut])).toMatchObject({ reason: 'full' })
    const options = { stuckTimeoutMs: 100 }
    expect(await failureOf('write', [refusalBegun], options)).toMatchObject({ reason: 'full' })
  })

  it('of 404 means no such file, and for a listing an empty folder, but not from rclone', async () => {
    for (const operation of ['stat', 'read', 'read a range', 'remove'] as const) {
      expect(await failureOf(operation, [status(404)])).toMatchObject({ reason: 'not-found' })
    }
    await using server = await startScripted(status(404))
    await using backend = restBackend({ url: server.url })
    expect(await operations.list(backend)).toEqual([])
    const error = await failureOf('list', [status(404, { server: 'rclone/v1.75.0' })])
    expect(error).toMatchObject({ reason: 'not-found', permanent: true })
  })

  it('of 416 means that the file is too short', async () => {
    const error = await failureOf('read a range', [status(416)])
    expect(error).toMatchObject({ reason: 'short-read', permanent: true })
  })

  it('that redirects is refused with the address to use', async () => {
    for (const to of [`https://${user}:${password}@127.0.0.1/repo/`, '/repo/']) {
      for (const operation of all) {
        const error = await failureOf(operation, [status(301, { location: to })])
        expect(error).toMatchObject({ reason: 'refused', permanent: true })
        expect(error.hint).toContain(to.replace(`${user}:${password}@`, ''))
      }
    }
  })

  it('that redirects to another host may be the login page of a network', async () => {
    const to = `https://${user}:${password}@elsewhere.example/repo/`
    for (const operation of all) {
      const error = await failureOf(operation, [status(302, { location: to })])
      expect(error).toMatchObject({ reason: 'unavailable', permanent: true })
      expect(error.message).toContain('elsewhere.example')
      expect(error.hint).toContain('https://elsewhere.example/repo/')
    }
  })

  it('of success that is not 200 is not taken for one', async () => {
    for (const operation of all) {
      const error = await failureOf(operation, [status(202)])
      expect(error).toMatchObject({ reason: 'unavailable', permanent: true })
    }
  })

  it('carries what the server says in plain text, cleaned and in one line', async () => {
    const answer = status(500, { 'content-type': 'text/plain' }, 'disk\u001b[31m failed\nsecret')
    const { message } = await failureOf('write', [answer])
    expect(message).toBe(
      `write pack/${pack.file.name.slice(0, 10)}: the server answered 500: disk[31m failed`,
    )
  })
})

describe('an answer of somebody else', () => {
  it('that is a web page is told as one', async () => {
    for (const operation of all) {
      const error = await failureOf(operation, [webPage])
      expect(error, operation).toMatchObject({ reason: 'unavailable', permanent: true })
      expect(error.message, operation).toContain('web page')
      expect(error.hint).toContain('proxy')
    }
  })

  it('is no web page only because a file begins like one', async () => {
    const body = '<B>encrypted'
    const type = { 'content-type': 'text/html; charset=utf-8' }
    await using server = await startScripted(status(200, type, body))
    await using backend = restBackend({ url: server.url })
    expect(Buffer.from(await backend.read(pack.file)).toString()).toBe(body)
  })

  it.each([
    ['no JSON', 'nonsense'],
    ['not UTF-8', new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d])],
    ['no array', '{"name":"x"}'],
    ['an array of numbers', '[1,2]'],
    ['a size that is none', '[{"name":"x","size":-1}]'],
    ['cut short', '[{"name":"x","size":1}'],
    ['nothing', ''],
  ])('that is a list of %s is refused', async (_what, body) => {
    const error = await failureOf('list', [status(200, {}, body)])
    expect(error).toMatchObject({ reason: 'refused', permanent: true })
    expect(error.message).toContain('list snapshot: the answer is no list of files')
  })

  it('that is endless is not read', async () => {
    const huge = { 'content-length': '5000000000' }
    for (const operation of ['list', 'read'] as const) {
      const error = await failureOf(operation, [
        (_request, response) => response.writeHead(200, huge).flushHeaders(),
      ])
      expect(error).toMatchObject({ reason: 'unavailable', permanent: true })
      expect(error.message).toContain('longer than')
    }
  })

  it('that is another range is not taken', async () => {
    const other = status(206, { 'content-range': 'bytes 0-19/100' }, 'x'.repeat(20))
    const error = await failureOf('read a range', [other])
    expect(error).toMatchObject({ reason: 'unavailable', permanent: true })
  })

  it('that has no length says nothing about a file', async () => {
    const error = await failureOf('stat', [
      (_request, response) => response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(),
    ])
    expect(error).toMatchObject({ reason: 'unavailable', permanent: true })
  })
})

describe('an answer to a range', () => {
  it('is cut from the whole when the server sends the whole', async () => {
    const whole = noise(100_000, 2)
    await using server = await startScripted(status(200, {}, whole))
    await using backend = restBackend({ url: server.url })
    for (const [offset, length] of [
      [0, 5],
      [40_000, 50_000],
      [99_990, 10],
    ] as const) {
      const bytes = await backend.read(pack.file, { range: { offset, length } })
      expect(bytes).toEqual(whole.slice(offset, offset + length))
    }
    const short = backend.read(pack.file, { range: { offset: 99_990, length: 11 } })
    await expect(short).rejects.toMatchObject({ reason: 'short-read', permanent: true })
  })

  it.each([
    ['fewer bytes', 'bytes 10-14/15', 'x'.repeat(5)],
    ['none, as rclone does', 'bytes 10-10/11', ''],
  ])('of %s is a short read', async (_what, range, body) => {
    const error = await failureOf('read a range', [status(206, { 'content-range': range }, body)])
    expect(error).toMatchObject({ reason: 'short-read', permanent: true })
  })
})

describe('a listing of version 1', () => {
  it('asks for each size and leaves out what was removed meanwhile', async () => {
    const names = ['aa', 'bb', 'cc'].map((digits) => digits.repeat(32))
    const type = { 'content-type': 'application/vnd.x.restic.rest.v1' }
    await using server = await startScripted(
      status(200, type, JSON.stringify([...names, 'foreign'])),
      (request, response) => {
        if (request.url?.includes('bb') === true) response.writeHead(404).end()
        else response.writeHead(200, { 'content-length': '77' }).end()
      },
    )
    await using backend = restBackend({ url: server.url })
    expect(await operations.list(backend)).toEqual([
      { name: names[0], size: 77 },
      { name: names[2], size: 77 },
    ])
    expect(server.requests.toSorted()).toEqual([
      'GET /repo/snapshots/',
      ...names.map((name) => `HEAD /repo/snapshots/${name}`),
    ])
  })
})

const half: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': '100' }).write('half')
}
const deaf: Answer = (request) => request.pause()
/** Eight bytes in 0.32 seconds. */
const slow: Answer = (_request, response) => {
  response.writeHead(200, { 'content-length': '8' })
  let sent = 0
  const timer = setInterval(() => {
    response.write('x')
    if (++sent === 8) clearInterval(timer)
  }, 40)
}

describe('a connection', () => {
  it.each([
    ['that is closed without an answer', hangUp],
    ['that is closed in the middle of the answer', torso(5000, noise(100, 3))],
    [
      'that carries something else than HTTP',
      (request: { socket: { end(text: string): unknown } }) => request.socket.end('220 ftp\r\n'),
    ],
  ] satisfies readonly (readonly [string, Answer])[])(
    '%s may work next time',
    async (_what, answer) => {
      for (const operation of ['list', 'read', 'write'] as const) {
        const error = await failureOf(operation, [answer])
        expect(error, operation).toMatchObject({ reason: 'unavailable', permanent: false })
        expect(error.message).toMatch(/at http:\/\/127\.0\.0\.1:\d+: the connection was cut/)
      }
    },
  )

  it('that is cut during an upload may work next time', async () => {
    const error = await failureOf('write', [hangUpEarly])
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
  })

  it('that is refused names the server', async () => {
    const { url } = await startAndStop()
    await using backend = restBackend({ url })
    const error = await rejectionOf(backend, 'stat')
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(error.message).toContain('the connection was refused')
    expect(error.hint).toContain('port')
  })

  it('to a name that does not exist says so', async () => {
    const url = `http://${user}:${password}@no-such-host.invalid/`
    await using backend = restBackend({ url })
    const error = await rejectionOf(backend, 'stat')
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(error.message).toContain('at http://no-such-host.invalid: the name of the server cannot')
  })

  it('to a socket that does not exist says so', async () => {
    await using backend = restBackend({ url: 'http+unix:///no/such/socket:/repo' })
    const error = await rejectionOf(backend, 'stat')
    expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
    expect(error.message).toContain('no such socket')
  })

  it('that falls silent is given up, in each direction', async () => {
    const options = { stuckTimeoutMs: 50 }
    for (const [operation, answer] of [
      ['stat', silence],
      ['read', half],
      ['write', silence],
      ['write', deaf],
    ] as const) {
      const error = await failureOf(operation, [answer], options)
      expect(error).toMatchObject({ reason: 'unavailable', permanent: false })
      expect(error.message).toContain('no data was transferred for 0.05 seconds')
    }
  })

  it('that is slow but moves is not given up', async () => {
    await using server = await startScripted(slow)
    await using backend = restBackend({ url: server.url, stuckTimeoutMs: 200 })
    expect((await backend.read(pack.file)).length).toBe(8)
  })
})

describe('a store that was closed', () => {
  it('rejects what is in flight and what comes later', async () => {
    await using server = await startScripted(silence)
    const backend = restBackend({ url: server.url })
    const flying = rejectionOf(backend, 'read')
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await backend[Symbol.asyncDispose]()
    const closed = { reason: 'refused', permanent: true, message: 'the store was closed' }
    expect(await flying).toMatchObject(closed)
    expect(await rejectionOf(backend, 'stat')).toMatchObject(closed)
  })
})

async function startAndStop(): Promise<{ readonly url: string }> {
  await using server = await startScripted(status(200))
  return { url: server.url }
}
