import type { Cancellable } from '../../base/cancel.ts'
import { CorruptDataError, type LockHolder, LockedError, isResticError } from '../../base/errors.ts'
import type { LockOptions, RepositoryLock } from '../api.ts'
import type { Gate } from '../gate.ts'
import { HeldLock } from './held-lock.ts'
import {
  type LockContext,
  type LockMode,
  type NewLock,
  newLock,
  readLocks,
  removeLock,
  settleMs,
  writeLock,
} from './lock-store.ts'
import { lockedMessage } from './text.ts'

const firstRetryMs = 5_000
const retryMaxMs = 60_000
/** A lock that cannot be read may be one that is being written or a store that is being slow. */
const unreadablePausesMs: readonly number[] = [5_000, 10_000, 20_000]

/**
 * Takes a lock: looks for conflicting ones, writes its own, waits for those written at the same
 * time, looks again. How old a lock is does not count; removing stale ones is for people to decide.
 *
 * @throws LockedError when others hold the repository for longer than `retryMs`
 */
export async function acquireLock(
  context: LockContext,
  gate: Gate,
  mode: LockMode,
  { retryMs = 0, signal, onEvent, onWritten }: LockOptions = {},
): Promise<RepositoryLock> {
  const { clock } = context.runtime
  const nowMs = (): number => Number(clock.nowNs() / 1_000_000n)
  const deadlineMs = nowMs() + retryMs
  let pauseMs = firstRetryMs
  for (let attempt = 1; ; attempt++) {
    try {
      const lock = await tryLock(context, mode, { signal, onWritten })
      return new HeldLock({ context, gate, mode, lock, onEvent })
    } catch (error) {
      if (!isResticError(error, 'LOCKED')) throw error
      if (attempt === 1) onEvent?.({ type: 'locked', holders: error.holders, retryMs })
      const leftMs = deadlineMs - nowMs()
      if (leftMs <= 0) throw error
      await context.timer.sleep(Math.min(pauseMs, leftMs), { signal })
      pauseMs = Math.min(pauseMs * 2, retryMaxMs)
    }
  }
}

async function tryLock(
  context: LockContext,
  mode: LockMode,
  options: Pick<LockOptions, 'signal' | 'onWritten'>,
): Promise<NewLock> {
  const harmless = new Set<string>()
  const { clock } = context.runtime
  const startedNs = clock.nowNs()
  await refuseConflicts(context, mode, harmless, options)
  const lock = newLock(context, mode)
  const { file } = lock
  await writeLock(context, file, options)
  harmless.add(file.id)
  const tookMs = Number(clock.nowNs() - startedNs) / 1e6
  // Whoever wrote a lock after our first look looks again after as long, and sees ours then. Had it
  // taken us longer, somebody may have looked twice, done all, and be gone before our second look.
  const attempt = new AbortController()
  if (tookMs >= 0 && tookMs < settleMs) options.onWritten?.(attempt.signal)
  try {
    await context.timer.sleep(settleMs, options)
    await refuseConflicts(context, mode, harmless, options)
  } catch (error) {
    attempt.abort(error)
    await removeLock(context, file.id).catch(() => undefined)
    throw error
  }
  return lock
}

/**
 * @param harmless locks that need no look; those found to be no conflict are added
 * @throws LockedError with every lock that conflicts
 * @throws CorruptDataError naming a lock that stays unreadable: it may conflict
 */
async function refuseConflicts(
  context: LockContext,
  mode: LockMode,
  harmless: Set<string>,
  options: Cancellable,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const conflicts: LockHolder[] = []
    let unreadable: { readonly error: unknown } | undefined
    for await (const lock of readLocks(context, harmless, options)) {
      if ('error' in lock) unreadable = lock
      else if (mode === 'exclusive' || lock.holder.exclusive) conflicts.push(lock.holder)
      else harmless.add(lock.id)
    }
    const [first] = conflicts
    if (first) throw new LockedError(lockedMessage(first, context.runtime.clock.nowNs()), conflicts)
    if (!unreadable) return
    const pauseMs = unreadablePausesMs[attempt]
    if (pauseMs === undefined) throw invalidLock(unreadable.error)
    await context.timer.sleep(pauseMs, options)
  }
}

function invalidLock(error: unknown): unknown {
  if (!isResticError(error, 'CORRUPT')) return error
  return new CorruptDataError(error.what, error.check, {
    hint: 'Nobody can tell whose lock it is. The command `unlock --remove-all` removes it; make sure that no other program uses the repository meanwhile.',
    cause: error,
  })
}
