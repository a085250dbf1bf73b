/** Locks go and nothing breaks, however the program is ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import {
  type ResticRun,
  type RunningServer,
  runRestic,
  startRestServer,
} from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type BuiltProgram, builtProgram, succeed } from './programs.ts'

const password = 'p'
let folder = ''
let ours: BuiltProgram
let server: RunningServer
let proxy: FaultProxy
let direct: ResticRun
/** Requests for packs by this method get no answer, so that a backup or a check stands still. */
let hanging: 'POST' | 'GET' | undefined = 'POST'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signals-'))
  await mkdir(join(folder, 'data'))
  for (let n = 0; n < 3000; n++)
    writeFileSync(join(folder, `data/file with a long name ${n}`), `${n}`)
  ours = await builtProgram()
  server = await startRestServer({ dataDir: join(folder, 'served') })
  direct = { repo: `rest:${server.url}r/`, password, cwd: folder }
  await succeed(ours, ['init'], direct)
  direct = { ...direct, env: await addCheapKey(direct.repo, password) }
  proxy = await startFaultProxy(server.url, (method, path) =>
    method === hanging && /\/data\/[0-9a-f]{64}/.test(path) ? 'hang' : undefined,
  )
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server.stop()
  await ours[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const locks = () => readdir(join(folder, 'served/r/locks'))

function isAboutPack(request: string): boolean {
  return request.startsWith(`${hanging} `) && /\/data\/[0-9a-f]{64}/.test(request)
}

interface Standing {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: unknown; readonly said: string }>
}

/** A backup that has its lock and waits for the answer to an upload. */
function hangingBackup(): Promise<Standing> {
  return standing(['backup', '--no-cache', '--force', 'data'])
}

/** A command that has its lock and waits for the answer that does not come. */
async function standing(args: readonly string[]): Promise<Standing> {
  const before = proxy.requests.length
  const run = { ...direct, repo: `rest:${proxy.url}r/` }
  const child = ours.start(args, run)
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const wait = async () => {
    const [code] = await once(child, 'close')
    return { code, said }
  }
  const ended = wait()
  await expect
    .poll(() => proxy.requests.slice(before).some(isAboutPack), {
      timeout: 20_000,
      message: 'a pack is on its way',
    })
    .toBe(true)
  expect(await locks()).toHaveLength(1)
  return { child, ended }
}

it.each([
  ['SIGINT', 'interrupt'],
  ['SIGTERM', 'terminated'],
] as const)('%s ends a backup with 130 and takes the lock away', async (signal, name) => {
  const { child, ended } = await hangingBackup()
  child.kill(signal)
  const { code, said } = await ended
  expect(said).toContain(`signal ${name} received, cleaning up`)
  expect(code).toBe(130)
  expect(await locks()).toEqual([])
  const { restic018 } = await peers()
  expect((await runRestic(restic018, ['check'], direct)).code).toBe(0)
})

it('an unlock of restic, which sends SIGHUP to whoever has a lock, ends nobody', async () => {
  const { child, ended } = await hangingBackup()
  const { restic018 } = await peers()
  const unlocked = await runRestic(restic018, ['unlock'], direct)
  expect(unlocked).toMatchObject({ code: 0 })
  expect(unlocked.stdout).not.toContain('removed')
  expect(await locks()).toHaveLength(1)
  child.kill('SIGHUP')
  const blocked = await runRestic(restic018, ['check'], direct)
  expect(blocked.code).toBe(11)
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 130 })
})

it('a lock of restic stops an exclusive command, and is told like restic tells it', async () => {
  const { child, ended } = await hangingBackup()
  const result = await ours.run(['check'], direct)
  expect(result.code).toBe(11)
  expect(result.stderr).toMatch(
    /^unable to create lock in backend: repository is already locked by PID \d+ on \S+ by \S+ \(UID \d+, GID \d+\)\nlock was created at .* \(.* ago\)\nstorage ID [0-9a-f]{8}\nthe `unlock` command can be used to remove stale locks\n$/,
  )
  expect(result.stdout).toContain('repo already locked, waiting up to 0s for the lock')
  child.kill('SIGTERM')
  await ended
})

it('a reader that has seen enough leaves no lock behind', async () => {
  hanging = undefined
  await succeed(ours, ['backup', 'data'], direct)
  const child = ours.start(['ls', '--long', 'latest'], direct)
  const head = spawn('head', ['-n', '1'], { stdio: [child.stdout, 'pipe', 'inherit'] })
  let first = ''
  head.stdout.on('data', (chunk: Buffer) => (first += chunk.toString()))
  child.stdout.destroy()
  const [code] = await once(child, 'exit')
  expect(first).toMatch(/^snapshot [0-9a-f]{8} of /)
  expect(code).toBe(141)
  expect(await locks()).toEqual([])
})

it('SIGINT ends a check with 130, and takes its lock and its cache away', async () => {
  hanging = 'GET'
  const cacheDir = join(folder, 'caches')
  const { child, ended } = await standing(['check', '--read-data', '--cache-dir', cacheDir])
  expect(await readdir(cacheDir)).toEqual([expect.stringMatching(/^restic-check-cache-\d+$/)])
  child.kill('SIGINT')
  expect(await ended).toMatchObject({ code: 130 })
  expect(await readdir(cacheDir)).toEqual([])
  expect(await locks()).toEqual([])
})
