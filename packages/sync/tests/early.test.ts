/** Work begins while its lock is waited for. Until that is held nothing may be changed, and nobody asked. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Timer, openRepository, systemTimer } from 'restic-core'
import { describe, expect, it } from 'vitest'
import {
  type CountingBackend,
  countingBackend,
} from '../../restic-core/src/testing/counting-backend.ts'
import { testRuntime } from '../../restic-core/src/testing/test-runtime.ts'
import { type SyncEvent, pull, push } from '../src/index.ts'
import type { Platform } from '../src/platform.ts'
import { type Machine, type MemoryCloud, temporaryFolder, token, writeFiles } from './machine.ts'
import { filesOf, on, withFiles } from './scene.ts'
import { twoMachines } from './two-machines.ts'

/** How long restic waits between writing its lock and looking again. */
const settleMs = 200
/** How long it is until a lock that was refused is tried for again. */
const retryMs = 5000
/** Long enough for work of a few files to go as far as it can. */
const aheadMs = 100

/** What a command must not have changed: the store but for locks, the folder, and its state. */
interface Kept {
  readonly stored: readonly string[]
  readonly files: Record<string, string>
  readonly state: string
}

function kept(machine: Machine, cloud: MemoryCloud): Kept {
  const stored = [...cloud.files().keys()].filter((path) => !path.startsWith('locks/'))
  const state = readFileSync(join(machine.folder, '.cloud-sync/state.json'), 'utf8')
  return { stored, files: filesOf(machine), state }
}

/** A lock that an operator's prune holds: its name and bytes. */
async function pruneLock(cloud: MemoryCloud): Promise<{ name: string; bytes: Uint8Array }> {
  const backend = cloud.open()
  const runtime = await testRuntime({ seed: 77 })
  const repository = await openRepository({ backend, runtime, password: token.password })
  const lock = await repository.lock('exclusive')
  const bytes = await backend.read({ type: 'lock', name: lock.id })
  await lock[Symbol.asyncDispose]()
  return { name: lock.id, bytes }
}

/**
 * What `on` gives, with a timer that lets a test act while the command waits for its lock. It tells how
 * often the index was listed by then.
 */
function waiting(machine: Machine, onWait: (ms: number, listings: number) => Promise<void>) {
  const stores: CountingBackend[] = []
  const listings = (): number =>
    stores.reduce((sum, store) => sum + store.requests('list', 'index'), 0)
  const timer: Timer = {
    every: (ms, tick) => systemTimer.every(ms, tick),
    sleep: async (ms, options) => {
      if (ms !== settleMs && ms !== retryMs) return systemTimer.sleep(ms, options)
      await systemTimer.sleep(aheadMs)
      await onWait(ms, listings())
    },
  }
  const options = on(machine)
  const { platform } = options
  const openStore: Platform['openStore'] = async (location) => {
    const store = countingBackend(await platform.openStore(location))
    stores.push(store)
    return store
  }
  return { ...options, platform: { ...platform, timer, openStore } }
}

async function prepared(root: string) {
  const { a, b, cloud } = await twoMachines(root, { 'options.txt': 'fov:70' })
  await pull(on(b))
  writeFiles(a.folder, { 'options.txt': 'fov:90', 'saves/World/level.dat': 'level' })
  return { a, b, cloud }
}

describe('work that begins while its lock is waited for', () => {
  it.each(['push', 'pull'] as const)('%s changes nothing before it is held', async (command) => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await prepared(temporary.path)
    if (command === 'pull') await push(on(a))
    const machine = command === 'push' ? a : b
    const before = kept(machine, cloud)
    const prune = await pruneLock(cloud)
    const events: SyncEvent['type'][] = []
    const waits: number[] = []
    const options = waiting(machine, async (ms, listings) => {
      expect(kept(machine, cloud)).toEqual(before)
      // It was at work, and again after the lock was refused.
      expect(listings).toBe(waits.length < 2 ? 1 : 2)
      const lock = { type: 'lock', name: prune.name } as const
      if (waits.length === 0) await cloud.open().write(lock, [prune.bytes])
      if (waits.length === 1) await cloud.open().remove(lock)
      // Of all that is told of work only what the second attempt does counts.
      if (waits.length < 2) expect(events.filter((type) => type !== 'locked')).toEqual([])
      waits.push(ms)
    })
    const onEvent = ({ type }: SyncEvent): void => void events.push(type)
    const report = await (command === 'push' ? push : pull)({ ...options, onEvent })
    expect(report).toMatchObject({ outcome: 'changed', counts: { added: 1, changed: 1 } })
    expect(waits).toEqual([settleMs, retryMs, settleMs])
    expect(events).toContain('locked')
    if (command === 'push') await pull(on(b))
    expect(filesOf(b)).toEqual(filesOf(a))
  })

  it('ends only when the state is written that it had begun to write', async () => {
    using temporary = temporaryFolder()
    const { a } = await prepared(temporary.path)
    const stop = new AbortController()
    let isWritten = false
    const slow = withFiles(a, (files) => ({
      async create(path, ...rest) {
        const isState = path.endsWith('state.json.new')
        if (isState) stop.abort(new Error('enough'))
        if (isState) await systemTimer.sleep(aheadMs)
        await files.create(path, ...rest)
        isWritten ||= isState
      },
    }))
    await expect(push({ ...slow, signal: stop.signal })).rejects.toThrow('enough')
    expect(isWritten).toBe(true)
    expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
  })

  it('stores nothing when the state cannot be written', async () => {
    using temporary = temporaryFolder()
    const { a, cloud } = await prepared(temporary.path)
    const before = kept(a, cloud)
    const full = withFiles(a, (files) => ({
      create: (path, ...rest) =>
        path.endsWith('state.json.new')
          ? Promise.reject(new Error('no space'))
          : files.create(path, ...rest),
    }))
    await expect(push(full)).rejects.toThrow('no space')
    expect(kept(a, cloud)).toEqual(before)
  })

  it('asks nobody about a conflict before it is held', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await prepared(temporary.path)
    await push(on(a))
    writeFiles(b.folder, { 'options.txt': 'fov:30' })
    let isHeld = false
    const options = waiting(b, async (ms) => {
      isHeld ||= ms === settleMs
    })
    const onConflict = async () => {
      expect(isHeld).toBe(true)
      return 'keep-there' as const
    }
    expect(await pull({ ...options, onConflict })).toMatchObject({ outcome: 'changed' })
    expect(filesOf(b)).toEqual(filesOf(a))
  })
})
