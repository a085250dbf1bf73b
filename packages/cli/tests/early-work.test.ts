/** Work that begins while its lock is waited for, against a lock that comes at that very moment. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localBackend } from '@instance-sync/local-backend'
import { openRepository } from 'restic-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import {
  type ResticRun,
  type RunningServer,
  runRestic,
  startRestServer,
} from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { type BuiltProgram, builtProgram, succeed } from './programs.ts'

const password = 'the secret password'
let folder = ''
let ours: BuiltProgram
let server: RunningServer
let direct: ResticRun
/** An exclusive lock of another program, kept aside. */
let foreign = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'early-'))
  await mkdir(join(folder, 'data'))
  ours = await builtProgram()
  server = await startRestServer({ dataDir: join(folder, 'served') })
  direct = { repo: `rest:${server.url}r/`, password, cwd: folder }
  await succeed(ours, ['init'], direct)
  direct = { ...direct, env: await addCheapKey(direct.repo, password) }
  const backend = localBackend({ path: join(folder, 'served/r') })
  await using repository = await openRepository({ backend, password })
  const { id } = await repository.lock('exclusive')
  foreign = join(folder, id)
  copyFileSync(join(folder, 'served/r/locks', id), foreign)
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await server.stop()
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  writeFileSync(join(folder, 'data/file'), Buffer.alloc(3_000_000, 'no two lines are alike '))
})

const stored = (kind: string): Promise<string[]> => readdir(join(folder, 'served/r', kind))
const planted = (): string => join(folder, 'served/r/locks', foreign.slice(folder.length + 1))

/** Another program locks the repository just before ours does for the first time. */
function lockingProxy() {
  let isFirst = true
  return startFaultProxy(server.url, (method, path) => {
    if (isFirst && method === 'POST' && path.includes('/locks/')) {
      copyFileSync(foreign, planted())
      isFirst = false
    }
    return undefined
  })
}

function through(url: string): ResticRun {
  return { ...direct, repo: `rest:${url}r/` }
}

it('stores nothing and says nothing else when it is refused', async () => {
  await using proxy = await lockingProxy()
  const result = await ours.run(['backup', 'data'], through(proxy.url))
  rmSync(planted())
  expect(result.code, result.stderr).toBe(11)
  expect(result.stdout).toMatch(/^repo already locked.*\n$/)
  expect(result.stderr).toMatch(/already locked/)
  const writes = proxy.requests.filter((request) => !request.startsWith('GET'))
  expect(writes.map((request) => request.replace(/[0-9a-f]{64}$/, ''))).toEqual([
    'POST /r/locks/',
    'DELETE /r/locks/',
  ])
  expect(await stored('snapshots')).toEqual([])
})

it('begins anew when it gets the lock after all, with what the files hold then', async () => {
  await using proxy = await lockingProxy()
  const run = ours.run(['backup', 'data', '--retry-lock=1m', '-v'], through(proxy.url))
  const isRefused = (): boolean => proxy.requests.some((request) => request.startsWith('DELETE'))
  while (!isRefused()) await new Promise((resolve) => setTimeout(resolve, 10))
  writeFileSync(join(folder, 'data/file'), 'what came later')
  rmSync(planted())
  const { code, stdout, stderr } = await run
  expect(code, stderr).toBe(0)
  expect(stdout.match(/^Files: .*/gm)).toEqual([
    'Files:           1 new,     0 changed,     0 unmodified',
  ])
  const { restic018 } = await peers()
  const dumped = await runRestic(restic018, ['dump', 'latest', '/data/file'], direct)
  expect(dumped.stdout, dumped.stderr).toBe('what came later')
  const checked = await runRestic(restic018, ['check', '--read-data'], direct)
  expect(checked.code, checked.stderr).toBe(0)
  expect(await stored('locks')).toEqual([])
})

it('leaves the target of a restore alone when that is refused', async () => {
  await using proxy = await lockingProxy()
  const target = join(folder, 'restored')
  const result = await ours.run(['restore', 'latest', '--target', target], through(proxy.url))
  rmSync(planted())
  expect(result.code, result.stderr).toBe(11)
  expect(await readdir(folder)).not.toContain('restored')
  await succeed(ours, ['restore', 'latest', '--target', target], direct)
  expect(await readdir(target)).toEqual(['data'])
})
