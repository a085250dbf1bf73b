import { describe, expect, it } from 'vitest'
import type { Backend } from '../../backend/backend.ts'
import type { MemoryBackend } from '../../backend/memory.ts'
import { failFrom, failOn } from '../../testing/faulty-backend.ts'
import { after, heldLock, locksIn, minuteMs, readLock, secondMs } from '../../testing/lock-bench.ts'
import type { ManualTime } from '../../testing/manual-time.ts'
import { testSnapshot } from '../../testing/test-repository.ts'

describe('a lock that is held', () => {
  it('is replaced by one of the present every 5 minutes', async () => {
    const { store, time, repository, lock } = await heldLock()
    const first = lock.id
    await time.advance(5 * minuteMs - secondMs)
    expect(lock.id).toBe(first)
    await time.advance(secondMs)
    expect(lock.id).not.toBe(first)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect((await readLock(repository, lock.id)).time).toBe('2023-11-14T22:18:20.2Z')
    await time.advance(60 * minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(lock.signal.aborted).toBe(false)
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('stays the same lock in all but its time', async () => {
    const { time, repository, lock } = await heldLock()
    const before = await readLock(repository, lock.id)
    await time.advance(6 * minuteMs)
    const now = await readLock(repository, lock.id)
    expect({ ...now, time: before.time }).toEqual(before)
  })

  it('tries again a minute after a refresh that failed', async () => {
    const { store, time, lock, events } = await heldLock({ faults: { write: { lock: failOn(2) } } })
    await time.advance(5 * minuteMs)
    expect(events).toMatchObject([{ type: 'refresh-failed', error: { reason: 'unavailable' } }])
    await time.advance(minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(events).toHaveLength(1)
  })

  it('removes later what it could not remove at once', async () => {
    const { store, time, lock, events } = await heldLock({
      faults: { remove: { lock: failOn(1) } },
    })
    await time.advance(5 * minuteMs)
    expect(locksIn(store)).toHaveLength(2)
    await time.advance(5 * minuteMs)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(events).toEqual([])
  })

  it('is lost when somebody has removed it, and nothing more is written', async () => {
    const { store, time, repository, lock } = await heldLock()
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
    const { store, time, repository, lock } = await heldLock()
    time.jump(8 * 60 * minuteMs)
    await time.advance(secondMs)
    const saving = repository.saveSnapshot(testSnapshot())
    await time.advance(199)
    const snapshots = [...store.files().keys()].filter((path) => path.startsWith('snapshots/'))
    expect(snapshots).toEqual([])
    expect(locksIn(store)).toHaveLength(2)
    await after(time, 1, saving)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(lock.signal.aborted).toBe(false)
  })

  it('is lost when it was removed during a sleep of the machine', async () => {
    const { store, time, repository, lock } = await heldLock()
    time.jump(31 * minuteMs)
    await store.remove({ type: 'lock', name: lock.id })
    await time.advance(secondMs)
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    await expect(repository.findSnapshot('latest')).rejects.toMatchObject({ code: 'LOCK_LOST' })
  })

  it('is lost when it is removed while it is being renewed after a sleep', async () => {
    const { store, time, lock } = await heldLock()
    time.jump(31 * minuteMs)
    await time.advance(secondMs + 100)
    await store.remove({ type: 'lock', name: lock.id })
    await time.advance(100)
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('is lost when no refresh succeeds for 22.5 minutes', async () => {
    const { time, lock } = await heldLock({ faults: { write: { lock: failFrom(2) } } })
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
    const { store, time, lock } = await heldLock({ around })
    await time.advance(23 * minuteMs)
    expect(lock.signal.aborted).toBe(false)
    expect(locksIn(store)).toEqual([`locks/${lock.id}`])
    expect(writes).toBe(3)
  })

  it('counts from the time in its file, however long storing it took', async () => {
    let writes = 0
    const slow = (store: MemoryBackend, time: ManualTime): Backend => ({
      ...store,
      async write(file, body, options) {
        if (file.type === 'lock' && ++writes === 2) await time.timer.sleep(4 * minuteMs)
        await store.write(file, body, options)
      },
    })
    const { time } = await heldLock({ around: slow })
    await time.advance(9 * minuteMs)
    expect(writes).toBe(2)
    await time.advance(minuteMs)
    expect(writes).toBe(3)
  })

  it('leaves nothing when it is disposed while it is being renewed after a sleep', async () => {
    const { store, time, lock } = await heldLock()
    time.jump(31 * minuteMs)
    await time.advance(secondMs + 100)
    expect(locksIn(store)).toHaveLength(2)
    await lock[Symbol.asyncDispose]()
    expect(locksIn(store)).toEqual([])
  })

  it('is refreshed when the clock was set back', async () => {
    const { time, repository, lock } = await heldLock()
    time.jump(-60 * minuteMs)
    await time.advance(secondMs)
    expect((await readLock(repository, lock.id)).time).toBe('2023-11-14T21:13:21.2Z')
  })
})
