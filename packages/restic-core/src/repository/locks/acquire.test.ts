import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Backend, FileInfo, FileType } from '../../backend/backend.ts'
import type { MemoryBackend } from '../../backend/memory.ts'
import { failFrom, failOn } from '../../testing/faulty-backend.ts'
import {
  after,
  anotherSession,
  lockBench,
  locksIn,
  minuteMs,
  plantLock,
  secondMs,
} from '../../testing/lock-bench.ts'
import type { ManualTime } from '../../testing/manual-time.ts'
import { pseudoRandom } from '../../testing/sample-files.ts'
import type { LockEvent } from '../api.ts'
import type { LockMode } from './lock-store.ts'

/** Less than restic waits between writing its lock and looking again. */
const lagMaxMs = 200

/** A store that lists a lock only `lagMs` after it has taken it. */
function lagging(store: MemoryBackend, time: ManualTime, lagMs: () => number): Backend {
  const listedFrom = new Map<string, bigint>()
  return {
    ...store,
    async *list(type, options) {
      for await (const info of store.list(type, options)) {
        if ((listedFrom.get(info.name) ?? 0n) <= time.clock.nowNs()) yield info
      }
    },
    async write(file, body, options) {
      await store.write(file, body, options)
      if (file.type !== 'lock') return
      listedFrom.set(file.name, time.clock.nowNs() + BigInt(lagMs()) * 1_000_000n)
    },
  }
}

/** A store far away: up to `maxMs` pass until a request about locks gets there, and as much back. */
function distant(store: Backend, time: ManualTime, maxMs: number, seed: number): Backend {
  const random = pseudoRandom(seed)
  const pause = async (type: FileType): Promise<void> => {
    if (type === 'lock') await time.timer.sleep(random() % (maxMs + 1))
  }
  return {
    ...store,
    async *list(type, options) {
      await pause(type)
      const infos: FileInfo[] = []
      for await (const info of store.list(type, options)) infos.push(info)
      await pause(type)
      yield* infos
    },
    async write(file, body, options) {
      await pause(file.type)
      await store.write(file, body, options)
      await pause(file.type)
    },
  }
}

function hanging(store: MemoryBackend): Backend {
  return {
    ...store,
    remove: (_file, { signal } = {}) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  }
}

describe('lock', () => {
  it('writes who holds it, and takes it away at the end', async () => {
    const { store, time, repository } = await lockBench()
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

  it('tells when only the wait for others is left', async () => {
    const { store, time, repository } = await lockBench()
    const written: string[][] = []
    const onWritten = (): void => void written.push(locksIn(store))
    const lock = await after(time, 200, repository.lock('shared', { onWritten }))
    expect(written).toEqual([[`locks/${lock.id}`]])
  })

  it.each([
    [199, 1],
    [200, 0],
  ])('tells so after %i ms of writing %i times', async (writeMs, times) => {
    const around = (inner: Backend, { timer }: ManualTime): Backend => ({
      ...inner,
      async write(...args) {
        await timer.sleep(writeMs)
        await inner.write(...args)
      },
    })
    const { time, repository } = await lockBench({ around })
    let told = 0
    const onWritten = (): void => void told++
    await after(time, writeMs + 200, repository.lock('shared', { onWritten }))
    expect(told).toBe(times)
  })

  it('tells of an attempt that is refused, and nothing of a slow one after it', async () => {
    let writeMs = 0
    const around = (inner: Backend, { timer }: ManualTime): Backend => ({
      ...inner,
      async write(...args) {
        await timer.sleep(writeMs)
        await inner.write(...args)
      },
    })
    const bench = await lockBench({ around })
    const { time, repository } = bench
    const attempts: AbortSignal[] = []
    const onWritten = (attempt: AbortSignal): void => void attempts.push(attempt)
    const taking = repository.lock('shared', { retryMs: minuteMs, onWritten })
    await time.advance(100)
    const other = await plantLock(await anotherSession(bench, 9), { exclusive: true })
    await time.advance(200)
    expect(attempts.map(({ aborted }) => aborted)).toEqual([true])
    await bench.store.remove({ type: 'lock', name: other })
    writeMs = 300
    await using lock = await after(time, minuteMs, taking)
    expect(lock.signal.aborted).toBe(false)
    expect(attempts).toHaveLength(1)
  })

  it('is held by many together, but not beside an exclusive one', async () => {
    const { time, repository } = await lockBench()
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
    const { time, repository } = await lockBench()
    const id = await plantLock(repository, { exclusive: true, time: '2023-11-14T23:10:19.5+01:00' })
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
    const { repository } = await lockBench()
    await plantLock(repository, { exclusive: true, time: '2001-01-01T00:00:00Z' })
    await expect(repository.lock('shared')).rejects.toMatchObject({ code: 'LOCKED' })
  })

  it('gives way to one that was written at the same time', async () => {
    const bench = await lockBench()
    const { store, time, repository } = bench
    const other = await anotherSession(bench, 3)
    const both = [repository.lock('exclusive'), other.lock('exclusive')]
    const settled = Promise.allSettled(both)
    await time.advance(200)
    const held = (await settled).filter(({ status }) => status === 'fulfilled')
    expect(held.length).toBeLessThan(2)
    expect(locksIn(store)).toHaveLength(held.length)
  })

  it('never holds beside a conflicting one, whatever the store takes for its answers', async () => {
    const contenders = fc.array(
      fc.record({
        mode: fc.constantFrom<LockMode>('shared', 'exclusive'),
        startMs: fc.oneof(fc.nat(20), fc.nat(400)),
        seed: fc.nat(),
        latencyMs: fc.nat(20),
      }),
      { minLength: 2, maxLength: 4 },
    )
    const property = fc.asyncProperty(contenders, async (runs) => {
      const bench = await lockBench()
      const { store, time } = bench
      const holding: LockMode[] = []
      const random = pseudoRandom(runs[0]?.seed ?? 0)
      const shared = lagging(store, time, () => random() % lagMaxMs)
      const sessions = runs.map(({ seed, latencyMs }, position) =>
        anotherSession(bench, position + 3, distant(shared, time, latencyMs, seed)),
      )
      const repositories = await Promise.all(sessions)
      const ended = runs.map(async ({ mode, startMs }, position) => {
        await time.timer.sleep(startMs)
        const lock = await repositories[position]?.lock(mode).catch(() => undefined)
        if (!lock) return
        holding.push(mode)
        expect(holding.length === 1 || !holding.includes('exclusive')).toBe(true)
        await time.timer.sleep(300)
        holding.splice(holding.indexOf(mode), 1)
        await lock[Symbol.asyncDispose]()
      })
      await after(time, 3 * secondMs, Promise.all(ended))
      expect(locksIn(store)).toEqual([])
    })
    await fc.assert(property, { numRuns: 100 })
  })

  it('takes its file away when it is cancelled before it holds', async () => {
    const { store, time, repository } = await lockBench()
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
    const { store, repository } = await lockBench({
      faults: { write: { lock: failOn(1, 'unavailable', 'after') } },
    })
    await expect(repository.lock('shared')).rejects.toMatchObject({ reason: 'unavailable' })
    expect(locksIn(store)).toEqual([])
  })

  it('is released with the session', async () => {
    const { store, time, repository } = await lockBench()
    await after(time, 200, repository.lock('shared'))
    await repository[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('tells what it leaves behind when it cannot be removed', async () => {
    const { time, repository } = await lockBench({
      faults: { remove: { lock: failFrom(1, 'denied') } },
    })
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
    const { time, repository } = await lockBench({ around: hanging })
    const events: string[] = []
    const onEvent = (event: LockEvent): void => void events.push(event.type)
    const lock = await after(time, 200, repository.lock('shared', { onEvent }))
    const disposed = lock[Symbol.asyncDispose]()
    await time.advance(minuteMs - 1)
    expect(events).toEqual([])
    await after(time, 1, Promise.resolve(disposed))
    expect(events).toEqual(['left-behind'])
  })
})

describe('waiting for a lock', () => {
  it('asks again after 5, 10, 20 s and so on, and once more at the end', async () => {
    const asked: number[] = []
    const watched = (store: MemoryBackend): Backend => ({
      ...store,
      list: (type, options) => {
        if (type === 'lock') asked.push(elapsed())
        return store.list(type, options)
      },
    })
    const { time, repository } = await lockBench({ around: watched })
    const startNs = time.clock.nowNs()
    const elapsed = (): number => Number((time.clock.nowNs() - startNs) / 1_000_000_000n)
    await plantLock(repository, { exclusive: true })
    const events: LockEvent[] = []
    const onEvent = (event: LockEvent): void => void events.push(event)
    const lock = repository.lock('shared', { retryMs: 200 * secondMs, onEvent })
    await expect(after(time, 200 * secondMs, lock)).rejects.toMatchObject({ code: 'LOCKED' })
    expect(asked).toEqual([0, 5, 15, 35, 75, 135, 195, 200])
    expect(events).toMatchObject([{ type: 'locked', retryMs: 200_000, holders: [{ pid: 99 }] }])
  })

  it('holds as soon as the other is gone', async () => {
    const { store, time, repository } = await lockBench()
    const other = await plantLock(repository, { exclusive: true })
    const waiting = repository.lock('shared', { retryMs: minuteMs })
    await time.advance(4 * secondMs)
    await store.remove({ type: 'lock', name: other })
    const lock = await after(time, 1200, waiting)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
  })

  it('ends when it is cancelled', async () => {
    const { time, repository } = await lockBench()
    await plantLock(repository, { exclusive: true })
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
    const { store, time, repository } = await lockBench()
    await store.write({ type: 'lock', name: 'e0'.repeat(32) }, [])
    await expect(after(time, 200, repository.lock('exclusive'))).resolves.toBeDefined()
  })

  it('is looked at for 35 s, then named', async () => {
    const { store, time, repository } = await lockBench()
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
    const { time, repository } = await lockBench({
      faults: { read: { lock: failOn(1, 'unavailable') } },
    })
    await plantLock(repository)
    await expect(after(time, 5200, repository.lock('shared'))).resolves.toBeDefined()
  })

  it('does not matter when it vanishes between listing and reading', async () => {
    const { time, repository } = await lockBench({
      faults: { read: { lock: failOn(1, 'not-found') } },
    })
    await plantLock(repository, { exclusive: true })
    // The second look, after 200 ms, is the one that sees it.
    await expect(after(time, 200, repository.lock('shared'))).rejects.toMatchObject({
      code: 'LOCKED',
    })
  })
})
