import type { LockHolder, RepositoryLock } from 'restic-core'
import { othersUsing } from './in-use.ts'
import { isOffline } from './remote/remote.ts'
import { type SyncOptions, isLockRefused, withRemote } from './session.ts'

/** The instance while a game runs on it. */
export interface InstanceUse {
  /** machines that use it too, when that could be asked */
  readonly others: readonly LockHolder[]
  /** whether other machines can see that it is in use here */
  readonly isShown: boolean
}

/**
 * Runs `work` while a lock in the repository, which is refreshed, tells other machines that the
 * instance is in use. It keeps an operator's prune waiting, and no other machine from anything.
 * Without a server, or without a repository yet, the work runs all the same.
 */
export async function useInstance<T>(
  options: SyncOptions,
  work: (use: InstanceUse) => Promise<T>,
): Promise<T> {
  const done = await withRemote(options, async ({ platform, runtime, remote }) => {
    let others: readonly LockHolder[] = []
    let lock: RepositoryLock | undefined
    try {
      if (await remote.exists(options)) {
        const repository = await remote.repository(options)
        others = await othersUsing({ platform, runtime }, repository, options)
        lock = await repository.lock('shared', { signal: options.signal })
      }
    } catch (error) {
      if (!isOffline(error) && !isLockRefused(error)) throw error
    }
    await using _lock = lock
    return { value: await work({ others, isShown: lock !== undefined }) }
  })
  return done === undefined ? work({ others: [], isShown: false }) : done.value
}
