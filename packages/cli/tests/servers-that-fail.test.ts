/** What the program says and does when a server or the way to it fails. */
import { randomFillSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import {
  type ResticRun,
  type RunningServer,
  runRestic,
  startRestServer,
} from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type Fault, startFaultProxy } from './fault-proxy.ts'
import { type BuiltProgram, builtProgram, succeed } from './programs.ts'

const password = 'the secret password'
let folder = ''
let ours: BuiltProgram
let server: RunningServer
let direct: ResticRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servers-'))
  await mkdir(join(folder, 'data'))
  writeFileSync(join(folder, 'data/file'), Buffer.alloc(3_000_000, 'no two lines are alike '))
  ours = await builtProgram()
  server = await startRestServer({ dataDir: join(folder, 'served') })
  direct = { repo: `rest:${server.url}r/`, password, cwd: folder }
  await succeed(ours, ['init'], direct)
  direct = { ...direct, env: await addCheapKey(direct.repo, password) }
  await succeed(ours, ['backup', 'data'], direct)
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await server.stop()
  await rm(folder, { recursive: true })
})

function through(url: string): ResticRun {
  const { host } = new URL(url)
  return { ...direct, repo: `rest:http://user:hush-hush@${host}/r/` }
}

/** Nothing that was stored before has suffered, and no lock is left. */
async function expectUnharmed(): Promise<void> {
  const { restic018 } = await peers()
  const checked = await runRestic(restic018, ['check', '--read-data'], direct)
  expect(checked.code, checked.stdout + checked.stderr).toBe(0)
  expect(await readdir(join(folder, 'served/r/locks'))).toEqual([])
}

function expectNoSecret(said: string): void {
  expect(said).not.toContain(password)
  expect(said).not.toContain('hush-hush')
  expect(said).not.toMatch(/^ +at /m)
}

describe('a server that answers every request with', () => {
  it.each<readonly [string, Fault, number, RegExp]>([
    ['401', { status: 401 }, 1, /^Fatal: .*401/],
    ['403', { status: 403 }, 1, /^Fatal: .*403/],
    ['404', { status: 404 }, 10, /^Fatal: repository does not exist/],
    ['a web page', { status: 200, body: '<html>welcome</html>' }, 1, /^Fatal: /],
  ])('%s', async (_, fault, code, text) => {
    await using proxy = await startFaultProxy(server.url, () => fault)
    const result = await ours.run(['snapshots'], through(proxy.url))
    expect(result.stderr).toMatch(text)
    expect(result).toMatchObject({ code, stdout: '' })
    expectNoSecret(result.stderr)
  })
})

describe('what may pass is tried again', () => {
  /** The first request of each of these fails. */
  const kinds = ['GET config', 'POST data', 'POST snapshots', 'DELETE locks']

  it.each<readonly [string, Fault]>([
    ['500', { status: 500 }],
    ['503', { status: 503 }],
    ['a connection cut in the request', 'cut-request'],
    ['a connection cut in the answer', 'cut-answer'],
  ])('after %s', async (name, fault) => {
    const failed = new Set<string>()
    await using proxy = await startFaultProxy(server.url, (method, path) => {
      const kind = `${method} ${/r\/([a-z]*)/.exec(path)?.[1]}`
      if (!kinds.includes(kind) || failed.has(kind)) return undefined
      failed.add(kind)
      return fault
    })
    const run = through(proxy.url)
    writeFileSync(join(folder, 'data/file'), Buffer.alloc(3_000_000, `changed before ${name}`))
    const result = await ours.run(['backup', '--no-cache', 'data'], run)
    expect(result.code, result.stderr).toBe(0)
    expect(result.stderr).toMatch(/returned error, retrying after \d+ms: /)
    expect(result.stderr).toMatch(/operation successful after 1 retries/)
    expectNoSecret(result.stderr)
    await expectUnharmed()
  })

  it('until somebody interrupts it', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const address = closed.address()
    const port = typeof address === 'object' ? address?.port : 0
    closed.close()
    const child = ours.start(['snapshots'], through(`http://127.0.0.1:${port}/`))
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => {
      const isFirst = !said.includes('retrying after')
      said += chunk.toString()
      if (isFirst && said.includes('retrying after')) child.kill('SIGINT')
    })
    const [code] = await once(child, 'close')
    expect(said).toMatch(/Load\(<config\/>\) returned error, retrying after \d+ms: .*refused/)
    expect(said).toContain('signal interrupt received, cleaning up')
    expect(code).toBe(130)
    expectNoSecret(said)
  })
})

it('a server without space for more keeps what it has', async () => {
  await using small = await startRestServer({
    dataDir: join(folder, 'served'),
    maxSize: 3_000_000,
  })
  const run = { ...direct, repo: `rest:${small.url}r/` }
  const noise = randomFillSync(Buffer.alloc(6_000_000))
  writeFileSync(join(folder, 'data/noise'), noise)
  const result = await ours.run(['backup', 'data'], run)
  expect(result.code).toBe(1)
  expect(result.stderr).toMatch(/^Fatal: .*(507|full|space)/im)
  expectNoSecret(result.stderr)
  await rm(join(folder, 'data/noise'))
  await expectUnharmed()
})

it('an append-only server takes backups and keeps its snapshots', async () => {
  await using strict = await startRestServer({ dataDir: join(folder, 'served'), appendOnly: true })
  const run = { ...direct, repo: `rest:${strict.url}r/` }
  await succeed(ours, ['backup', 'data'], run)
  await succeed(ours, ['check'], run)
  await expectUnharmed()
})
