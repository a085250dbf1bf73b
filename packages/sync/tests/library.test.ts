/** What a program that uses the library may count on. */
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BackendError } from 'restic-core'
import { describe, expect, it } from 'vitest'
import { overriding } from 'restic-core/backend'
import { type FaultProxy, startFaultProxy } from '../../cli/tests/fault-proxy.ts'
import {
  type OnConflict,
  type SyncEvent,
  disable,
  history,
  init,
  pull,
  push,
  restore,
  status,
  undo,
} from '../src/index.ts'
import type { FolderFiles } from '../src/files/folder-files.ts'
import type { Platform } from '../src/platform.ts'
import { Fate } from './faults.ts'
import {
  type Machine,
  MemoryCloud,
  makeMachine,
  temporaryFolder,
  token,
  writeFiles,
} from './machine.ts'
import { Scene, filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

/** Aborts at a call, and lets all go on that does not look at the signal. */
class AbortingFate extends Fate {
  readonly #at: number
  readonly #controller = new AbortController()

  constructor(at: number) {
    super()
    this.#at = at
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  override call(name: string): boolean {
    super.call(name)
    if (this.calls.length === this.#at) this.#controller.abort(new Error('enough'))
    return false
  }
}

describe('a call', { timeout: 300_000 }, () => {
  it.each(['pull', 'push', 'restore', 'undo'] as const)(
    '%s can be cancelled at any time without harm',
    async (command) => {
      const run = async (machine: Machine, fate: AbortingFate): Promise<unknown> => {
        const given = { ...on(machine, fate), signal: fate.signal }
        if (command === 'restore') return restore({ ...given, state: await oldest(machine) })
        return { pull, push, undo }[command](given)
      }
      let points = 0
      for (let at = 1; ; at += 5) {
        using temporary = temporaryFolder()
        const machine = await prepared(temporary.path, command)
        const old = filesOf(machine)
        const fate = new AbortingFate(at)
        const error = await run(machine, fate).catch((caught: unknown) => caught)
        if (!fate.signal.aborted) break
        points++
        const where = `${fate.calls[at - 1]}`
        const isDone = !(error instanceof Error)
        if (!isDone) expect(filesOf(machine), where).toEqual(old)
        expect(existsSync(join(machine.folder, '.cloud-sync/lock')), where).toBe(false)
        expect(existsSync(join(machine.folder, '.cloud-sync/staging/journal.json')), where).toBe(
          false,
        )
        if (isDone && command === 'undo') continue
        await run(machine, new AbortingFate(Infinity))
        if (command === 'push') {
          expect(await push(on(machine)), where).toMatchObject({ outcome: 'up-to-date' })
        } else expect(filesOf(machine), where).not.toEqual(old)
      }
      expect(points).toBeGreaterThan(3)
    },
  )

  it('on one folder knows nothing of a call on another in the same process', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine({ 'a.txt': 'a' })
    writeFiles(first.folder, { 'options.txt': 'newer' })
    const other = makeMachine('other', join(scene.root, 'other'))
    writeFiles(other.folder, { 'b.txt': 'b' })
    await init({ ...on(other), url: scene.server.url, token })
    const events: Record<string, SyncEvent['type'][]> = { first: [], other: [] }
    const stop = new AbortController()
    const reports = await Promise.allSettled([
      push({ ...on(first), onEvent: ({ type }) => events['first']?.push(type) }),
      push({ ...on(other), onEvent: ({ type }) => events['other']?.push(type) }),
      push({ ...on(second), signal: AbortSignal.any([stop.signal, AbortSignal.abort('no')]) }),
    ])
    expect(reports.map((each) => each.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(events['first']).toContain('read')
    expect(events['other']).toContain('read')
    expect(await pull(on(other))).toMatchObject({ outcome: 'up-to-date' })
    expect(filesOf(other)).toEqual({ 'b.txt': 'b' })
  })

  it('ends with its signal also while it waits for an answer, and takes no other answer', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'options.txt': 'of a' })
    await push(on(a))
    writeFiles(b.folder, { 'options.txt': 'of b' })
    const stop = new AbortController()
    const asked = pull({
      ...on(b),
      signal: stop.signal,
      onConflict: () => {
        stop.abort(new Error('enough'))
        return new Promise(() => {})
      },
    })
    await expect(asked).rejects.toThrow('enough')
    const wrong = { ...on(b), onConflict: 'keep-mine' as 'stop' }
    await expect(pull(wrong)).rejects.toMatchObject({
      code: 'SETTINGS',
      hint: expect.stringContaining('keep-here'),
    })
    expect(filesOf(b)['options.txt']).toBe('of b')
  })

  it('tells how much of all has been fetched', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    const files = {
      'saves/World/region/r.0.0.mca': 'region'.repeat(50_000),
      'saves/World/region/r.0.1.mca': 'another'.repeat(60_000),
      'config/mod.toml': 'x = 1',
    }
    writeFiles(b.folder, files)
    await push(on(b))
    const told: Extract<SyncEvent, { type: 'fetch' }>[] = []
    const onEvent = (event: SyncEvent): void => void (event.type === 'fetch' && told.push(event))
    await pull({ ...on(a), onEvent })
    const bytesTotal = Object.values(files).reduce((sum, text) => sum + text.length, 0)
    expect(told.at(-1)).toEqual({
      type: 'fetch',
      bytes: bytesTotal,
      bytesTotal,
      files: 3,
      filesTotal: 3,
    })
    for (const [at, { bytes }] of told.entries()) {
      expect(bytes).toBeGreaterThanOrEqual(told[at - 1]?.bytes ?? 0)
    }
  })

  it('does nothing in a folder that is not opted in, or not any more', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    expect(await disable({ packFolder: machine.folder })).toMatchObject({ outcome: 'disabled' })
    const before = readFileSync(join(machine.folder, '.cloud-sync/state.json'), 'utf8')
    for (const command of [pull, push, undo]) {
      expect(await command(on(machine))).toEqual({ outcome: 'not-enabled' })
    }
    expect(readFileSync(join(machine.folder, '.cloud-sync/state.json'), 'utf8')).toBe(before)
    expect(existsSync(join(machine.folder, '.cloud-sync/token'))).toBe(true)
    expect((await scene.restic(['snapshots'])).stdout).toContain('1 snapshots')
  })
})

async function oldest(machine: Machine): Promise<string> {
  const report = await history({ ...on(machine), withChanges: false })
  return report.outcome === 'history' ? (report.items.at(-1)?.snapshot ?? '') : ''
}

/** A machine for which the command has something to do. */
async function prepared(root: string, command: string): Promise<Machine> {
  const { a, b } = await twoMachines(root, world)
  writeFiles(b.folder, { 'saves/World/level.dat': 'newer', 'saves/World/region/r': 'new' })
  if (command === 'push') return b
  await push(on(b))
  if (command !== 'pull') await pull(on(a))
  return a
}

describe('the cost', { timeout: 60_000 }, () => {
  it('of a file that is pulled is four looks at it, and of one that is there one', async () => {
    using folder = temporaryFolder()
    const cloud = new MemoryCloud()
    const [a, b] = ['a', 'b'].map((name) => makeMachine(name, join(folder.path, name), cloud))
    if (a === undefined || b === undefined) throw new Error('two machines')
    const names = Array.from({ length: 100 }, (_, at) => `config/deep/er/${at}.txt`)
    const given = { url: '/cloud', token }
    const made = await init({ ...on(a), ...given })
    if (made.outcome !== 'enabled') throw new Error('a new instance cannot conflict')
    writeFiles(a.folder, Object.fromEntries(names.map((name) => [name, name])))
    await push(on(a))
    const looks: string[] = []
    const platform = countingLooks(b.platform(), looks)
    await init({ ...on(b), platform, ...given, instanceId: made.instanceId })
    const looksAt = (): number => looks.splice(0).filter((path) => path.endsWith('.txt')).length
    // Fetched, its place is free, it is there, and what it is for the next scan.
    expect(looksAt()).toBeLessThanOrEqual(4 * names.length)
    // Files that were just written are not settled for the cache, and are read again.
    await new Promise((resolve) => setTimeout(resolve, 100))
    await push({ ...on(b), platform })
    looksAt()
    await push({ ...on(b), platform })
    expect(looksAt()).toBe(names.length)
  })
})

function countingLooks(platform: Platform, looks: string[]): Platform {
  return {
    ...platform,
    files(root) {
      const files = platform.files(root)
      return new Proxy(files, {
        get(inner, name: keyof FolderFiles) {
          if (name !== 'stat') return inner[name]
          return (path: string) => {
            looks.push(path)
            return inner.stat(path)
          }
        },
      })
    },
  }
}

async function behindProxy(scene: Scene, machine: Machine): Promise<FaultProxy> {
  const proxy = await startFaultProxy(scene.server.url, () => undefined)
  const path = join(machine.folder, '.cloud-sync/sync.json')
  const settings = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  writeFileSync(path, JSON.stringify({ ...settings, url: proxy.url }))
  return proxy
}

describe('the common case', { timeout: 60_000 }, () => {
  it('of a pull with nothing new is one listing: no key, no config, no index', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    await using proxy = await behindProxy(scene, machine)
    await pull(on(machine))
    const known = proxy.requests.length
    expect(await pull(on(machine))).toMatchObject({ outcome: 'up-to-date' })
    const base = `/${token.account}/${scene.instanceId}`
    expect(proxy.requests.slice(known)).toEqual([`GET ${base}/snapshots/`])
  })

  it('of a pull with one new snapshot reads that and uses the kept key', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    writeFiles(first.folder, { 'options.txt': 'newer' })
    await push(on(first))
    await using proxy = await behindProxy(scene, second)
    // Another address is another place for the kept key, so the first of these derives it.
    await pull(on(second))
    writeFiles(first.folder, { 'options.txt': 'newest' })
    await push(on(first))
    const known = proxy.requests.length
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    const asked = proxy.requests.slice(known)
    expect(asked.filter((request) => request.includes('/keys/'))).toEqual([])
    expect(asked.filter((request) => /GET .*\/snapshots\/\w/.test(request))).toHaveLength(1)
  })

  it('of a first push learns by HEAD of the config that there is no repository, and makes it', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await using proxy = await behindProxy(scene, machine)
    await push(on(machine))
    const asked = proxy.requests.slice(
      0,
      proxy.requests.findIndex((request) => request.startsWith('POST ')),
    )
    const base = `/${token.account}/${scene.instanceId}`
    expect([...new Set(asked)]).toEqual([`GET ${base}/snapshots/`, `HEAD ${base}/config`])
  })

  it('of a push after a pull is no new snapshot, whatever the times of files say', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    for (const path of Object.keys(world)) utimesSync(join(second.folder, path), 7, 7)
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
    rmSync(join(second.folder, '.cloud-sync/cache'), { recursive: true })
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
    expect((await scene.restic(['snapshots'])).stdout).toContain('1 snapshots')
  })
})

describe('the kept key', { timeout: 60_000 }, () => {
  it('is readable by its owner alone, and goes with the token or when it is not wanted', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    const key = join(machine.folder, '.cloud-sync/cache/key.json')
    await push(on(machine))
    expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(readFileSync(key, 'utf8')).not.toContain(token.password)
    writeFiles(machine.folder, { 'options.txt': 'newer' })
    await push({ ...on(machine), keepsKey: false })
    expect(existsSync(key)).toBe(false)
    writeFiles(machine.folder, { 'options.txt': 'newest' })
    await push(on(machine))
    expect(existsSync(key)).toBe(true)
    rmSync(join(machine.folder, '.cloud-sync/token'))
    await pull(on(machine)).catch(() => undefined)
    expect(existsSync(key)).toBe(false)
  })
})

describe('a mistake of a program', { timeout: 60_000 }, () => {
  it('is told as one: an answer that is none, and a folder to opt in without a token', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    for (const machine of [a, b]) writeFiles(machine.folder, { 'options.txt': machine.name })
    await push(on(a))
    for (const answer of [undefined, 'later', {}]) {
      const onConflict = (() => Promise.resolve(answer)) as unknown as OnConflict
      await expect(pull({ ...on(b), onConflict })).rejects.toMatchObject({ code: 'SETTINGS' })
    }
    expect(filesOf(b)).toMatchObject({ 'options.txt': 'b' })
    const other = makeMachine('other', join(temporary.path, 'other'))
    await expect(init({ ...on(other), url: '/cloud' })).rejects.toMatchObject({ code: 'SETTINGS' })
    expect(existsSync(join(other.folder, '.cloud-sync'))).toBe(false)
  })
})

function refusedList(): never {
  throw new BackendError('the server has gone', 'unavailable', { permanent: true })
}

describe('a server that is lost while a folder is opted in', { timeout: 60_000 }, () => {
  it('is out of reach, which is no mistake in the settings', async () => {
    using temporary = temporaryFolder()
    const { a, cloud } = await twoMachines(temporary.path, world)
    const { instance_id: instanceId } = JSON.parse(
      readFileSync(join(a.folder, '.cloud-sync/sync.json'), 'utf8'),
    ) as { instance_id: string }
    const other = makeMachine('other', join(temporary.path, 'other'))
    const openStore = () => Promise.resolve(overriding(cloud.open(), { list: refusedList }))
    const platform = { ...other.platform(), openStore }
    const joining = init({ ...on(other), platform, url: '/cloud', token, instanceId })
    await expect(joining).rejects.toMatchObject({ code: 'BACKEND', reason: 'unavailable' })
    expect(existsSync(join(other.folder, '.cloud-sync'))).toBe(false)
  })
})

describe('a folder whose token is gone', { timeout: 60_000 }, () => {
  it('is not taken for one that has no history yet, and says what to do', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, world)
    rmSync(join(a.folder, '.cloud-sync/token'))
    rmSync(join(a.folder, '.cloud-sync/state.json'))
    const missing = { code: 'SETTINGS', hint: expect.stringMatching(/init.*--token-file/) }
    for (const command of [pull, push, status, history]) {
      await expect(command(on(a)), command.name).rejects.toMatchObject(missing)
    }
  })
})

describe('an operator who saves snapshots again', { timeout: 60_000 }, () => {
  it('with tag or rewrite makes nobody a stranger to the state', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine({ ...world, 'config/a': 'a' })
    await push(on(machine))
    const tagged = await scene.restic(['tag', '--add=kept', 'latest'])
    expect(tagged.code, tagged.stderr).toBe(0)
    expect(await pull(on(machine))).toMatchObject({ outcome: 'up-to-date' })
    writeFiles(machine.folder, { 'options.txt': 'newer' })
    expect(await push(on(machine))).toMatchObject({ outcome: 'changed' })
    const report = await history({ ...on(machine), withChanges: false })
    expect(report).toMatchObject({ items: [{ isHead: true }, { isHead: false }] })
  })
})
