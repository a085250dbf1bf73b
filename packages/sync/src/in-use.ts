import { type Cancellable, type LockHolder, type Repository, isResticError } from 'restic-core'
import { parseLockFile, parseTime } from 'restic-core/format'
import type { Session } from './session.ts'

/** A lock that was not refreshed for this long belongs to nobody any more, nanoseconds. */
const staleNs = 30n * 60n * 1_000_000_000n

/** Who else uses the instance, as the locks in the repository tell. Only for people. */
export async function othersUsing(
  { platform, runtime }: Pick<Session, 'platform' | 'runtime'>,
  repository: Repository,
  { signal }: Cancellable = {},
): Promise<LockHolder[]> {
  const others: LockHolder[] = []
  for await (const { name, size } of repository.listFiles('lock', { signal })) {
    const holder = size === 0 ? undefined : await readHolder(repository, name, { signal })
    if (holder === undefined || holder.hostname === platform.hostname) continue
    if (runtime.clock.nowNs() - parseTime(holder.time) < staleNs) others.push(holder)
  }
  return others
}

async function readHolder(
  repository: Repository,
  id: string,
  options: Cancellable,
): Promise<LockHolder | undefined> {
  try {
    const lock = parseLockFile(
      await repository.loadFile('lock', id, options),
      `lock ${id.slice(0, 8)}`,
    )
    const { time, exclusive, hostname, username, pid, uid, gid } = lock
    return { id, time, exclusive, hostname, username, pid, uid, gid }
  } catch (error) {
    // It may have been released, or be half written.
    if (isResticError(error, 'MISSING', 'CORRUPT')) return undefined
    throw error
  }
}
