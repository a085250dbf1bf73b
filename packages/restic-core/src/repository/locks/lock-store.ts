import type { Cancellable } from '../../base/cancel.ts'
import { type LockHolder, isResticError } from '../../base/errors.ts'
import type { LockId } from '../../base/id.ts'
import { mapLimited } from '../../base/map-limited.ts'
import type { Timer } from '../../base/timer.ts'
import { formatLockFile, parseLockFile } from '../../format/lock-file.ts'
import { formatTime } from '../../format/time.ts'
import type { Runtime } from '../../work/runtime.ts'
import { type RepositoryFiles, type SealedFile, removeIfThere, smallFileLabel } from '../files.ts'
import { isClaim } from '../init-claims.ts'

/** Two who write their locks at once see each other's after this long. */
export const settleMs = 200

export type LockMode = 'shared' | 'exclusive'

/** What it takes to work with locks. */
export interface LockContext {
  readonly files: RepositoryFiles
  readonly runtime: Pick<Runtime, 'clock' | 'identity'>
  readonly timer: Timer
  readonly connections: number
}

/** A lock file, or why it could not be read. */
type ReadLock =
  | { readonly id: string; readonly holder: LockHolder }
  | { readonly id: string; readonly error: unknown }

/**
 * Every lock there is, except those in `known`. Left out are those that vanish meanwhile and those
 * of length zero, which a store without atomic uploads shows before they are written.
 */
export async function* readLocks(
  { files, connections }: Pick<LockContext, 'files' | 'connections'>,
  known: ReadonlySet<string>,
  options: Cancellable,
): AsyncGenerator<ReadLock, void> {
  const names: string[] = []
  for await (const { name, size } of files.list('lock', options)) {
    if (size > 0 && !known.has(name)) names.push(name)
  }
  const reads = mapLimited(names, connections, (id, signal) => readLock(files, id, signal), options)
  for await (const lock of reads) if (lock) yield lock
}

async function readLock(
  files: RepositoryFiles,
  id: string,
  signal: AbortSignal,
): Promise<ReadLock | undefined> {
  try {
    const sealed = await files.loadRaw({ type: 'lock', name: id }, { signal })
    if (isClaim(id, sealed)) {
      // Left by one of two who made the repository at once, and died; in a repository it means nothing.
      await removeIfThere(files.backend, { type: 'lock', name: id }, { signal })
      return undefined
    }
    const json = files.openSealed('lock', id, sealed)
    const { time, exclusive, hostname, username, pid, uid, gid } = parseLockFile(
      json,
      smallFileLabel({ type: 'lock', name: id }),
    )
    return { id, holder: { id, time, exclusive, hostname, username, pid, uid, gid } }
  } catch (error) {
    signal.throwIfAborted()
    if (isResticError(error, 'MISSING')) return undefined
    return { id, error }
  }
}

export interface NewLock {
  readonly file: SealedFile<'lock'>
  /** The time in the file, milliseconds since 1970: storing it may take long. */
  readonly timeMs: number
}

/** A lock of this process with the time of now, not yet written. */
export function newLock({ files, runtime }: LockContext, mode: LockMode): NewLock {
  const { clock, identity } = runtime
  const timeNs = clock.nowNs()
  const time = formatTime(timeNs, clock)
  const json = formatLockFile({ ...identity, time, exclusive: mode === 'exclusive' })
  return { file: files.seal('lock', json), timeMs: Number(timeNs / 1_000_000n) }
}

/**
 * Writes a lock file. When that fails, for instance because it was cancelled, the file may have
 * arrived all the same, so it is removed: nobody would ever refresh it.
 */
export async function writeLock(
  context: LockContext,
  file: SealedFile<'lock'>,
  options: Cancellable,
): Promise<void> {
  try {
    await context.files.write(file, options)
  } catch (error) {
    await removeLock(context, file.id).catch(() => undefined)
    throw error
  }
}

/** How long the removal of a lock may take, also when the work under it was cancelled. */
const removalMs = 60_000

/** Removes a lock of our own; one that is gone already is no error. */
export async function removeLock({ files, timer }: LockContext, id: LockId): Promise<void> {
  const ended = new AbortController()
  const late = new AbortController()
  const limit = timer.sleep(removalMs, { signal: ended.signal }).then(
    () => late.abort(new DOMException('The lock could not be removed in time', 'TimeoutError')),
    () => undefined,
  )
  try {
    await removeIfThere(files.backend, { type: 'lock', name: id }, { signal: late.signal })
  } finally {
    ended.abort()
    await limit
  }
}
