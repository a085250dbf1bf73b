import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Peers, peers } from '../../../tools/peers.ts'
import { type ResticResult, runRestic } from '../../../tools/servers.ts'
import { localBackend } from '../../local-backend/src/index.ts'
import {
  type KeyId,
  type Repository,
  addKey,
  changePassword,
  initRepository,
  isId,
  listKeys,
  openRepository,
  removeKey,
  unlock,
} from '../src/index.ts'
import { quickCost, testPassword } from '../src/testing/test-repository.ts'

let binaries: Peers
let folder: string
let path: string
let sessions: Repository[]
beforeAll(async () => {
  binaries = await peers()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restic-session-'))
  path = join(folder, 'repository')
  sessions = []
})
afterEach(async () => {
  for (const session of sessions) await session[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

interface ResticOptions {
  readonly password?: string
  readonly binary?: 'restic014' | 'restic018'
}

function restic(
  args: readonly string[],
  { password = testPassword, binary = 'restic018' }: ResticOptions = {},
): Promise<ResticResult> {
  return runRestic(binaries[binary], args, { repo: path, password })
}

async function init(version: 1 | 2 = 2): Promise<Repository> {
  const repository = await initRepository({
    backend: localBackend({ path }),
    password: testPassword,
    hostname: 'lab',
    username: 'ada',
    cost: quickCost,
    version,
  })
  sessions.push(repository)
  return repository
}

async function open(password = testPassword): Promise<Repository> {
  const repository = await openRepository({ backend: localBackend({ path }), password })
  sessions.push(repository)
  return repository
}

const locksInFolder = (): Promise<string[]> => readdir(join(path, 'locks'))

describe.each(['restic014', 'restic018'] as const)('%s', (binary) => {
  it.each([1, 2] as const)(
    'takes a repository of version %i that we made for its own',
    async (version) => {
      const repository = await init(version)
      const config = await restic(['cat', 'config'], { binary })
      expect(JSON.parse(config.stdout)).toMatchObject({
        version,
        id: repository.config.id,
        chunker_polynomial: repository.config.chunkerPolynomial.toString(16),
      })
      const source = join(folder, 'source')
      await writeFile(source, 'content')
      expect(await restic(['backup', source], { binary })).toMatchObject({ code: 0 })
      expect(await restic(['check', '--read-data'], { binary })).toMatchObject({
        code: 0,
        stderr: '',
      })
    },
  )
})

describe('keys shared with restic', () => {
  it('open with the passwords that each side added', async () => {
    const ours = await init()
    const id = await addKey(ours, {
      password: 'von uns',
      hostname: 'boat',
      username: 'eve',
      cost: quickCost,
    })
    const listed = await restic(['key', 'list', '--json'], { password: 'von uns' })
    expect(JSON.parse(listed.stdout)).toContainEqual(
      expect.objectContaining({
        current: true,
        id,
        userName: 'eve',
        hostName: 'boat',
      }),
    )
    const file = join(folder, 'password')
    await writeFile(file, 'von restic\n')
    expect(await restic(['key', 'add', '--new-password-file', file])).toMatchObject({ code: 0 })
    const theirs = await open('von restic')
    expect(theirs.config.id).toBe(ours.config.id)
    const ids: KeyId[] = []
    for await (const key of listKeys(theirs)) ids.push(key.id)
    expect(ids).toHaveLength(3)
  })

  it('are gone for restic when we removed them', async () => {
    const repository = await init()
    const key = { hostname: 'boat', username: 'eve', cost: quickCost }
    const second = await addKey(repository, { ...key, password: 'zweites' })
    await removeKey(repository, second)
    const refused = { code: 12, stderr: expect.stringContaining('wrong password') as unknown }
    expect(await restic(['cat', 'config'], { password: 'zweites' })).toMatchObject(refused)
    await changePassword(repository, { ...key, password: 'drittes' })
    expect(await restic(['cat', 'config'])).toMatchObject(refused)
    expect(await restic(['cat', 'config'], { password: 'drittes' })).toMatchObject({ code: 0 })
  })
})

describe('locks shared with restic', () => {
  it('of ours let restic do what may be done beside them', async () => {
    const repository = await init()
    const shared = await repository.lock('shared')
    expect(await restic(['snapshots'])).toMatchObject({ code: 0 })
    expect(await restic(['prune'])).toMatchObject({ code: 11 })
    await shared[Symbol.asyncDispose]()
    expect(await restic(['prune'])).toMatchObject({ code: 0 })
    const exclusive = await repository.lock('exclusive')
    const refused = await restic(['snapshots'])
    expect(refused.code).toBe(11)
    const { username, uid, gid } = userInfo()
    expect(refused.stderr).toContain(
      `repository is already locked exclusively by PID ${process.pid} on ${hostname()} by ${username} (UID ${uid}, GID ${gid})`,
    )
    expect(refused.stderr).toContain(`storage ID ${exclusive.id.slice(0, 8)}`)
  })

  it('of restic are told by us in its own words', async () => {
    const repository = await init()
    await leaveExclusiveLock()
    const theirs = await restic(['snapshots'])
    const ours: unknown = await repository.lock('shared').catch((error: unknown) => error)
    expect(theirs.code).toBe(11)
    expect(withoutAge((ours as Error).message)).toBe(
      withoutAge(theirs.stderr).replace('Fatal: ', ''),
    )
    expect(ours).toMatchObject({ code: 'LOCKED', holders: [{ exclusive: true }] })
  })

  it('of a running restic keep an exclusive one of ours away', async () => {
    const repository = await init()
    const backup = spawn(binaries.restic018, ['backup', '--stdin', '--no-cache'], {
      env: { ...process.env, RESTIC_REPOSITORY: path, RESTIC_PASSWORD: testPassword },
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    await lockAppears()
    await expect(repository.lock('exclusive')).rejects.toMatchObject({
      code: 'LOCKED',
      holders: [{ pid: backup.pid, exclusive: false }],
    })
    const shared = await repository.lock('shared')
    await shared[Symbol.asyncDispose]()
    const waiting = repository.lock('exclusive', { retryMs: 30_000 })
    backup.stdin.end('the end')
    await once(backup, 'close')
    expect((await waiting).signal.aborted).toBe(false)
  })

  it('of a restic that was killed are stale for us', async () => {
    const repository = await init()
    await leaveExclusiveLock()
    expect(await unlock(repository, 'stale')).toBe(1)
    expect(await restic(['snapshots'])).toMatchObject({ code: 0 })
  })

  it('of a killed program of ours are stale for restic', async () => {
    await init()
    const holder = await startHolder('hold')
    holder.kill('SIGKILL')
    await once(holder, 'close')
    expect(await locksInFolder()).toHaveLength(1)
    const { stdout } = await restic(['unlock'])
    expect(stdout).toContain('successfully removed 1 locks')
    expect(await locksInFolder()).toEqual([])
  })

  it('of a program of ours that runs survive an unlock, and so does the program', async () => {
    await init()
    const holder = await startHolder('hold')
    expect(await restic(['unlock'])).toMatchObject({ code: 0 })
    expect(await locksInFolder()).toHaveLength(1)
    holder.stdin?.end()
    const [code] = (await once(holder, 'close')) as [number | null]
    expect(code).toBe(0)
    expect(await locksInFolder()).toEqual([])
  })

  it('kill a program that does not hold the hangup, which is why holdHangup is there', async () => {
    await init()
    const holder = await startHolder('plain')
    const closed = once(holder, 'close')
    await restic(['unlock'])
    expect((await closed)[1]).toBe('SIGHUP')
  })

  it('are seen by neither side when they are empty', async () => {
    const repository = await init()
    await writeFile(join(path, 'locks', '0e'.repeat(32)), '')
    const lock = await repository.lock('exclusive')
    await lock[Symbol.asyncDispose]()
    expect(await restic(['prune'])).toMatchObject({ code: 0 })
  })
})

/** Has restic killed while it holds an exclusive lock. */
async function leaveExclusiveLock(): Promise<void> {
  const check = spawn(binaries.restic018, ['check', '--no-cache'], {
    env: { ...process.env, RESTIC_REPOSITORY: path, RESTIC_PASSWORD: testPassword },
    stdio: 'ignore',
  })
  const closed = once(check, 'close')
  // It waits 200 ms after it has written its lock.
  await lockAppears()
  check.kill('SIGKILL')
  await closed
  expect(await locksInFolder()).toHaveLength(1)
}

async function lockAppears(): Promise<void> {
  for (let attempt = 0; attempt < 2000; attempt++) {
    if ((await locksInFolder()).some((name) => isId(name))) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('restic took no lock')
}

async function startHolder(mode: 'hold' | 'plain'): Promise<ReturnType<typeof spawn>> {
  const program = join(import.meta.dirname, 'lock-holder.ts')
  const holder = spawn(process.execPath, [program, path, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return holder
}

function withoutAge(text: string): string {
  return text.trim().replace(/\([^()]* ago\)/, '(… ago)')
}
