import type { Cancellable } from '../../base/cancel.ts'
import { eachLimited } from '../../base/concurrency.ts'
import type { LockHolder } from '../../base/errors.ts'
import { parseTime } from '../../format/time.ts'
import type { Repository } from '../api.ts'
import { removeIfThere } from '../files.ts'
import { staleMs } from './held-lock.ts'
import { readLocks } from './lock-store.ts'

type LockView = Pick<Repository, 'files' | 'connections' | 'runtime'>

/** The locks whose holders are gone, as far as can be told from here. */
export async function* staleLocks(
  repository: LockView,
  options: Cancellable = {},
): AsyncGenerator<LockHolder, void> {
  for await (const lock of readLocks(repository, new Set(), options)) {
    if ('holder' in lock && isStale(repository, lock.holder)) yield lock.holder
  }
}

/**
 * A lock is stale when it was not refreshed for 30 minutes, or when its process ran on this machine
 * and runs no more.
 */
function isStale({ runtime }: LockView, holder: LockHolder): boolean {
  const ageNs = runtime.clock.nowNs() - parseTime(holder.time)
  if (ageNs > BigInt(staleMs) * 1_000_000n) return true
  return holder.hostname === runtime.identity.hostname && !runtime.isProcessAlive(holder.pid)
}

/**
 * Removes locks without taking one.
 *
 * @param which 'stale', or 'all': also those of programs that are running, and damaged ones
 * @returns how many were removed
 */
export async function unlock(
  repository: LockView,
  which: 'stale' | 'all',
  options: Cancellable = {},
): Promise<number> {
  const ids: string[] = []
  if (which === 'all') {
    for await (const { name } of repository.files.list('lock', options)) ids.push(name)
  } else {
    for await (const { id } of staleLocks(repository, options)) ids.push(id)
  }
  let count = 0
  await eachLimited(
    ids,
    repository.connections,
    async (id, signal) => {
      const file = { type: 'lock', name: id } as const
      if (await removeIfThere(repository.files.backend, file, { signal })) count++
    },
    options,
  )
  return count
}
