import { describe, expect, it } from 'vitest'
import type { LockId } from '../../base/id.ts'
import { formatTime } from '../../format/time.ts'
import { type LockBench, lockBench, locksIn, plantLock } from '../../testing/lock-bench.ts'
import { staleLocks, unlock } from './unlock.ts'

async function withLocks(): Promise<
  LockBench & { readonly ids: Readonly<Record<'old' | 'dead' | 'alive' | 'remote', LockId>> }
> {
  const bench = await lockBench({ isProcessAlive: (pid) => pid === 77 })
  const { time, repository } = bench
  const at = (secondsAgo: number): string =>
    formatTime(time.clock.nowNs() - BigInt(secondsAgo) * 1_000_000_000n, time.clock)
  const ids = {
    old: await plantLock(repository, { time: at(1801) }),
    dead: await plantLock(repository, { hostname: 'lab', pid: 66, time: at(1) }),
    alive: await plantLock(repository, { hostname: 'lab', pid: 77, time: at(1800) }),
    remote: await plantLock(repository, { pid: 66, time: at(1799) }),
  }
  return { ...bench, ids }
}

describe('unlock', () => {
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
