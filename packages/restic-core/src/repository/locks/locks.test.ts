import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LockId } from '../../base/id.ts'
import { type MemoryBackend, memoryBackend } from '../../backend/memory.ts'
import { type LockFile, formatLockFile, parseLockFile } from '../../format/lock-file.ts'
import { formatTime } from '../../format/time.ts'
import { failFrom, failOn, faultyBackend } from '../../testing/faulty-backend.ts'
import { pseudoRandom } from '../../testing/sample-files.ts'
import { type ManualTime, manualTime } from '../../testing/manual-time.ts'
import { testPassword, testRepository, testSnapshot } from '../../testing/test-repository.ts'
import { testRuntime } from '../../testing/test-runtime.ts'
import type { Backend, FileInfo } from '../../backend/backend.ts'
import type { LockEvent, Repository, RepositoryLock } from '../api.ts'
import { openRepository } from '../open.ts'
import type { LockMode } from './lock-store.ts'
import { staleLocks, unlock } from './unlock.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs

let files: ReadonlyMap<string, Uint8Array>
let base: Repository
beforeAll(async () => {
  const backend = memoryBackend()
  base = await testRepository({ backend })
  files = backend.files()
})

interface Bench {
  readonly store: MemoryBackend
  readonly time: ManualTime
  readonly repository: Repository
}

/** A repository whose time stands still, opened through what `around` makes of the store. */
async function bench(around: (store: MemoryBackend) => Backend = (store) => store): Promise<Bench> {
  const store = memoryBackend({ files })
  const time = manualTime()
  return { store, time, repository: await open(around(store), time, 1) }
}

async function open(backend: Backend, time: ManualTime, seed: number): Promise<Repository> {
  const runtime = await testRuntime({ seed, clock: time.clock })
  return openRepository({ backend, runtime, password: testPassword, timer: time.timer })
}

/** Runs what waits for time to pass. */
async function after<T>(time: ManualTime, ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  await time.advance(ms)
  return promise
}

/** A store whose answers about locks take up to `maxMs` before and after it does what it is asked. */
function delayed(store: MemoryBackend, time: ManualTime, maxMs: number, seed: number): Backend {
  const random = pseudoRandom(seed)
  const pause = (): Promise<void> => time.timer.sleep(random() % (maxMs + 1))
  return {
    ...store,
    async *list(type, options) {
      await pause()
      const infos: FileInfo[] = []
      for await (const info of store.list(type, options)) infos.push(info)
      await pause()
      yield* infos
    },
    async read(file, options) {
      await pause()
      return store.read(file, options)
    },
    async write(file, body, options) {
      await pause()
      await store.write(file, body, options)
      await pause()
    },
    async remove(file, options) {
      await pause()
      await store.remove(file, options)
    },
  }
}

function locksIn(store: MemoryBackend): string[] {
  return [...store.files().keys()].filter((path) => path.startsWith('locks/'))
}

async function plant(repository: Repository, fields: Partial<LockFile> = {}): Promise<LockId> {
  const lock: LockFile = {
    time: formatTime(repository.runtime.clock.nowNs(), repository.runtime.clock),
    exclusive: false,
    hostname: 'elsewhere',
    username: 'bob',
    pid: 99,
    uid: 5,
    gid: 6,
    ...fields,
  }
  return repository.files.save('lock', formatLockFile(lock))
}

describe('lock', () => {
  it('writes who holds it, and takes it away at the end', async () => {
    const { store, time, repository } = await bench()
    const lock = await after(time, 200, repository.lock('exclusive'))
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    const json = await repository.loadFile('lock', lock.id)
    expect(new TextDecoder().decode(json)).toBe(
      '{"time":"2023-11-14T22:13:20Z","exclusive":true,"hostname":"lab","username":"ada","pid":4711,"uid":1000,"gid":100}',
    )
    await lock[Symbol.asyncDispose]()
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
    expect(lock.signal.aborted).toBe(false)
  })

  it('is held by many together, but not beside an exclusive one', async () => {
    const { time, repository } = await bench()
    const first = await after(time, 200, repository.lock('shared'))
    const second = await after(time, 200, repository.lock('shared'))
    await expect(repository.lock('exclusive')).rejects.toMatchObject({
      code: 'LOCKED',
      holders: [{ exclusive: false }, { exclusive: false }],
    })
    await first[Symbol.asyncDispose]()
    await second[Symbol.asyncDispose]()
    const alone = await after(time, 200, repository.lock('exclusive'))
    for (const mode of ['shared', 'exclusive'] as const) {
      await expect(repository.lock(mode)).rejects.toMatchObject({
        code: 'LOCKED',
        holders: [{ id: alone.id, exclusive: true }],
      })
    }
  })

  it('tells who is in the way as restic does', async () => {
    const { time, repository } = await bench()
    const id = await plant(repository, { exclusive: true, time: '2023-11-14T23:10:19.5+01:00' })
    await time.advance(1500)
    await expect(repository.lock('shared')).rejects.toThrow(
      [
        'unable to create lock in backend: repository is already locked exclusively by PID 99 on elsewhere by bob (UID 5, GID 6)',
        'lock was created at 2023-11-14 23:10:19 (3m2s ago)',
        `storage ID ${id.slice(0, 8)}`,
        'the `unlock` command can be used to remove stale locks',
      ].join('\n'),
    )
  })

  it('does not care how old a lock is', async () => {
    const { repository } = await bench()
    await plant(repository, { exclusive: true, time: '2001-01-01T00:00:00Z' })
    await expect(repository.lock('shared')).rejects.toMatchObject({ code: 'LOCKED' })
  })

  it('gives way to one that was written at the same time', async () => {
    const { store, time, repository } = await bench()
    const other = await open(store, time, 2)
    const both = [repository.lock('exclusive'), other.lock('exclusive')]
    const settled = Promise.allSettled(both)
    await time.advance(200)
    const held = (await settled).filter(({ status }) => status === 'fulfilled')
    expect(held.length).toBeLessThan(2)
    expect(locksIn(store)).toHaveLength(held.length)
  })

  it('never holds beside a conflicting one, whatever the store takes for its answers', async () => {
    const mode = fc.constantFrom<LockMode>('shared', 'exclusive')
    const contender = fc.record({
      mode,
      startMs: fc.nat(400),
      seed: fc.nat(),
      latencyMs: fc.nat(60),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(contender, { minLength: 2, maxLength: 4 }), async (contenders) => {
        const store = memoryBackend({ files })
        const time = manualTime()
        const holding: LockMode[] = []
        const runs = contenders.map(async (contender, position) => {
          const slow = delayed(store, time, contender.latencyMs, contender.seed)
          const runtime = await testRuntime({ seed: position + 2, clock: time.clock })
          const { keyId, masterKey } = base
          const password = { keyId, masterKey }
          const session = { backend: slow, runtime, password, timer: time.timer }
          const repository = await openRepository(session)
          await time.timer.sleep(contender.startMs)
          const lock = await repository.lock(contender.mode).catch(() => undefined)
          if (!lock) return
          holding.push(contender.mode)
          expect(holding.length === 1 || !holding.includes('exclusive')).toBe(true)
          await time.timer.sleep(300)
          holding.splice(holding.indexOf(contender.mode), 1)
          await lock[Symbol.asyncDispose]()
        })
        const ended = Promise.all(runs)
        await after(time, 3_000, ended)
        expect(locksIn(store)).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('takes its file away when it is cancelled before it holds', async () => {
    const { store, time, repository } = await bench()
    const reason = new Error('enough')
    const stop = new AbortController()
    const lock = repository.lock('shared', { signal: stop.signal })
    lock.catch(() => undefined)
    await time.advance(100)
    expect(locksIn(store)).toHaveLength(1)
    stop.abort(reason)
    await expect(lock).rejects.toBe(reason)
    expect(locksIn(store)).toEqual([])
  })

  it('takes its file away when the answer to its upload is lost', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { write: { lock: failOn(1, 'unavailable', 'after') } })
    const { store, repository } = await bench(around)
    await expect(repository.lock('shared')).rejects.toMatchObject({ reason: 'unavailable' })
    expect(locksIn(store)).toEqual([])
  })

  it('is released with the session', async () => {
    const { store, time, repository } = await bench()
    await after(time, 200, repository.lock('shared'))
    await repository[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('tells what it leaves behind when it cannot be removed', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { remove: { lock: failFrom(1, 'denied') } })
    const { time, repository } = await bench(around)
    const events: LockEvent[] = []
    const onEvent = (event: LockEvent): void => void events.push(event)
    const lock = await after(time, 200, repository.lock('shared', { onEvent }))
    await lock[Symbol.asyncDispose]()
    expect(events).toEqual([
      {
        type: 'left-behind',
        id: lock.id,
        error: expect.objectContaining({ reason: 'denied' }) as unknown,
      },
    ])
  })

  it('gives its removal a minute', async () => {
    const hanging = (store: MemoryBackend): Backend => ({
      ...store,
      remove: (_file, { signal } = {}) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    })
    const { time, repository } = await bench(hanging)
    const events: string[] = []
    const onEvent = (event: LockEvent): void => void events.push(event.type)
    const lock = await after(time, 200, repository.lock('shared', { onEvent }))
    const disposed = lock[Symbol.asyncDispose]()
    await time.advance(minuteMs - 1)
    expect(events).toEqual([])
    await after(time, 1, disposed)
    expect(events).toEqual(['left-behind'])
  })
})

describe('waiting for a lock', () => {
  it('asks again after 5, 10, 20 s and so on, and once more at the end', async () => {
    const asked: number[] = []
    const time = manualTime(0n)
    const store = memoryBackend({ files })
    const watched: Backend = {
      ...store,
      list: (type, options) => {
        if (type === 'lock') asked.push(Number(time.clock.nowNs() / 1_000_000_000n))
        return store.list(type, options)
      },
    }
    const repository = await open(watched, time, 1)
    await plant(repository, { exclusive: true })
    const events: LockEvent[] = []
    const onEvent = (event: LockEvent): void => void events.push(event)
    const lock = repository.lock('shared', { retryMs: 200 * secondMs, onEvent })
    await expect(after(time, 200 * secondMs, lock)).rejects.toMatchObject({ code: 'LOCKED' })
    expect(asked).toEqual([0, 5, 15, 35, 75, 135, 195, 200])
    expect(events).toMatchObject([{ type: 'locked', retryMs: 200_000, holders: [{ pid: 99 }] }])
  })

  it('holds as soon as the other is gone', async () => {
    const { store, time, repository } = await bench()
    const other = await plant(repository, { exclusive: true })
    const waiting = repository.lock('shared', { retryMs: minuteMs })
    await time.advance(4 * secondMs)
    await store.remove({ type: 'lock', name: other })
    const lock = await after(time, 1200, waiting)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
  })

  it('ends when it is cancelled', async () => {
    const { time, repository } = await bench()
    await plant(repository, { exclusive: true })
    const stop = new AbortController()
    const waiting = repository.lock('shared', { retryMs: minuteMs, signal: stop.signal })
    waiting.catch(() => undefined)
    await time.advance(secondMs)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})

describe('a lock that cannot be read', () => {
  it('is no obstacle when it is empty', async () => {
    const { store, time, repository } = await bench()
    await store.write({ type: 'lock', name: 'e0'.repeat(32) }, [])
    await expect(after(time, 200, repository.lock('exclusive'))).resolves.toBeDefined()
  })

  it('is looked at for 35 s, then named', async () => {
    const { store, time, repository } = await bench()
    await store.write({ type: 'lock', name: 'e0'.repeat(32) }, [new Uint8Array(50)])
    let ended = false
    const lock = repository.lock('shared').finally(() => {
      ended = true
    })
    lock.catch(() => undefined)
    await time.advance(35 * secondMs - 1)
    expect(ended).toBe(false)
    await expect(after(time, 1, lock)).rejects.toMatchObject({
      code: 'CORRUPT',
      what: 'lock e0e0e0e0',
      hint: expect.stringContaining('unlock --remove-all') as unknown,
    })
  })

  it('does not matter once it can be read', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { read: { lock: failOn(1, 'unavailable') } })
    const { time, repository } = await bench(around)
    await plant(repository)
    await expect(after(time, 5200, repository.lock('shared'))).resolves.toBeDefined()
  })

  it('does not matter when it vanishes between listing and reading', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { read: { lock: failOn(1, 'not-found') } })
    const { time, repository } = await bench(around)
    await plant(repository, { exclusive: true })
    // The second look, after 200 ms, is the one that sees it.
    await expect(after(time, 200, repository.lock('shared'))).rejects.toMatchObject({
      code: 'LOCKED',
    })
  })
})

describe('a lock that is held', () => {
  async function held(
    around?: (store: MemoryBackend) => Backend,
  ): Promise<Bench & { readonly lock: RepositoryLock; readonly events: LockEvent[] }> {
    const prepared = await bench(around)
    const events: LockEvent[] = []
    const onEvent = (event: LockEvent): void => void events.push(event)
    const taken = prepared.repository.lock('shared', { onEvent })
    return { ...prepared, events, lock: await after(prepared.time, 200, taken) }
  }

  async function timeOf(repository: Repository, id: string): Promise<string> {
    const json = await repository.loadFile('lock', id)
    return parseLockFile(json, 'lock').time
  }

  it('is replaced by one of the present every 5 minutes', async () => {
    const { store, time, repository, lock } = await held()
    const first = lock.id
    await time.advance(5 * minuteMs - secondMs)
    expect(lock.id).toBe(first)
    await time.advance(secondMs)
    expect(lock.id).not.toBe(first)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(await timeOf(repository, lock.id)).toBe('2023-11-14T22:18:20.2Z')
    await time.advance(60 * minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(lock.signal.aborted).toBe(false)
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('stays the same lock in all but its time', async () => {
    const { time, repository, lock } = await held()
    const before = parseLockFile(await repository.loadFile('lock', lock.id), 'lock')
    await time.advance(6 * minuteMs)
    const now = parseLockFile(await repository.loadFile('lock', lock.id), 'lock')
    expect({ ...now, time: before.time }).toEqual(before)
  })

  it('tries again a minute after a refresh that failed', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { write: { lock: failOn(2) } })
    const { store, time, lock, events } = await held(around)
    await time.advance(5 * minuteMs)
    expect(events).toMatchObject([{ type: 'refresh-failed', error: { reason: 'unavailable' } }])
    await time.advance(minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(events).toHaveLength(1)
  })

  it('removes later what it could not remove at once', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { remove: { lock: failOn(1) } })
    const { store, time, lock, events } = await held(around)
    await time.advance(5 * minuteMs)
    expect(locksIn(store)).toHaveLength(2)
    await time.advance(5 * minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(events).toEqual([])
  })

  it('is lost when somebody has removed it, and nothing more is written', async () => {
    const { store, time, repository, lock } = await held()
    await store.remove({ type: 'lock', name: lock.id })
    await time.advance(5 * minuteMs)
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    const before = store.files()
    await expect(repository.saveSnapshot(testSnapshot())).rejects.toMatchObject({
      code: 'LOCK_LOST',
    })
    expect(store.files()).toEqual(before)
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
    await expect(repository.saveSnapshot(testSnapshot())).resolves.toBeDefined()
  })

  it('is refreshed after a sleep of the machine, while all else waits', async () => {
    const { store, time, repository, lock } = await held()
    time.jump(8 * 60 * minuteMs)
    await time.advance(secondMs)
    let saved = false
    const saving = repository.saveSnapshot(testSnapshot()).then(() => {
      saved = true
    })
    await time.advance(199)
    expect(saved).toBe(false)
    expect(locksIn(store)).toHaveLength(2)
    await after(time, 1, saving)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(lock.signal.aborted).toBe(false)
  })

  it('is lost when it was removed during a sleep of the machine', async () => {
    const { store, time, repository, lock } = await held()
    time.jump(31 * minuteMs)
    await store.remove({ type: 'lock', name: lock.id })
    await time.advance(secondMs)
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    await expect(repository.findSnapshot('latest')).rejects.toMatchObject({ code: 'LOCK_LOST' })
  })

  it('is lost when it is removed while it is being renewed after a sleep', async () => {
    const { store, time, lock } = await held()
    time.jump(31 * minuteMs)
    await time.advance(secondMs + 100)
    await store.remove({ type: 'lock', name: lock.id })
    await time.advance(100)
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('is lost when no refresh succeeds for 22.5 minutes', async () => {
    const around = (store: MemoryBackend): Backend =>
      faultyBackend(store, { write: { lock: failFrom(2) } })
    const { time, lock } = await held(around)
    await time.advance(22 * minuteMs)
    expect(lock.signal.aborted).toBe(false)
    await time.advance(minuteMs)
    expect(lock.signal.reason).toMatchObject({
      code: 'LOCK_LOST',
      message: expect.stringContaining('failed to refresh lock in time') as unknown,
    })
  })

  it('does not wait for ever for a refresh that hangs', async () => {
    let writes = 0
    const around = (store: MemoryBackend): Backend => ({
      ...store,
      write: (file, body, options) =>
        ++writes === 2
          ? new Promise((_, reject) => {
              options?.signal?.addEventListener('abort', () =>
                reject(options.signal?.reason as Error),
              )
            })
          : store.write(file, body, options),
    })
    const { store, time, lock } = await held(around)
    await time.advance(23 * minuteMs)
    expect(lock.signal.aborted).toBe(false)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(writes).toBe(3)
  })

  it('is refreshed when the clock was set back', async () => {
    const { time, repository, lock } = await held()
    time.jump(-60 * minuteMs)
    await time.advance(secondMs)
    expect(await timeOf(repository, lock.id)).toBe('2023-11-14T21:13:21.2Z')
  })
})

describe('unlock', () => {
  async function withLocks(): Promise<{
    readonly store: MemoryBackend
    readonly repository: Repository
    readonly ids: Readonly<Record<'old' | 'dead' | 'alive' | 'remote', LockId>>
  }> {
    const store = memoryBackend({ files })
    const time = manualTime()
    const runtime = await testRuntime({
      clock: time.clock,
      isProcessAlive: (pid) => pid === 77,
    })
    const repository = await openRepository({ backend: store, runtime, password: testPassword })
    const at = (secondsAgo: number): string =>
      formatTime(time.clock.nowNs() - BigInt(secondsAgo) * 1_000_000_000n, time.clock)
    return {
      store,
      repository,
      ids: {
        old: await plant(repository, { time: at(1801) }),
        dead: await plant(repository, { hostname: 'lab', pid: 66, time: at(1) }),
        alive: await plant(repository, { hostname: 'lab', pid: 77, time: at(1800) }),
        remote: await plant(repository, { pid: 66, time: at(1799) }),
      },
    }
  }

  it('removes locks that are old or whose process of this machine is gone', async () => {
    const { store, repository, ids } = await withLocks()
    const found: string[] = []
    for await (const { id } of staleLocks(repository)) found.push(id)
    expect(new Set(found)).toEqual(new Set([ids.old, ids.dead]))
    expect(await unlock(repository, 'stale')).toBe(2)
    expect(new Set(locksIn(store))).toEqual(new Set([`locks/${ids.alive}`, `locks/${ids.remote}`]))
    expect(await unlock(repository, 'stale')).toBe(0)
  })

  it('leaves damaged and empty locks to those who remove all', async () => {
    const { store, repository } = await withLocks()
    await store.write({ type: 'lock', name: 'd0'.repeat(32) }, [new Uint8Array(50)])
    await store.write({ type: 'lock', name: 'e0'.repeat(32) }, [])
    expect(await unlock(repository, 'stale')).toBe(2)
    expect(await unlock(repository, 'all')).toBe(4)
    expect(locksIn(store)).toEqual([])
  })
})
