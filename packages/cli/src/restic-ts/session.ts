import type { LockEvent, Repository } from 'restic-core'
import { holdHangup } from 'restic-core/node'
import { formatGoDuration } from '../shared/units.ts'
import type { CommandContext } from './command.ts'
import { type OpeningOptions, openGlobalRepository } from './open.ts'

/** An opened repository, and the lock a command holds on it. */
export interface Session extends AsyncDisposable {
  readonly repository: Repository
  /** Aborts when the program must end, and when the lock is lost. */
  readonly signal: AbortSignal
}

/** How a command uses the repository. `--no-lock` turns a lock that is only for reading off. */
export type LockWish = 'none' | 'shared' | 'shared-always' | 'exclusive'

export async function openSession(
  context: CommandContext,
  wish: LockWish,
  options: OpeningOptions = {},
): Promise<Session> {
  const opened = await openGlobalRepository(context, options)
  const { repository } = opened
  const mode = wish === 'shared-always' ? 'shared' : wish
  if (mode === 'none' || (wish !== 'shared-always' && !context.globals.lock)) {
    return {
      repository,
      signal: context.signal,
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    }
  }
  const hangup = holdHangup()
  try {
    const lock = await repository.lock(mode, {
      signal: context.signal,
      retryMs: context.globals.retryLock,
      onEvent: (event) => reportLock(event, context),
    })
    return {
      repository,
      signal: AbortSignal.any([context.signal, lock.signal]),
      async [Symbol.asyncDispose]() {
        try {
          await lock[Symbol.asyncDispose]()
        } finally {
          hangup[Symbol.dispose]()
          await opened[Symbol.asyncDispose]()
        }
      },
    }
  } catch (error) {
    hangup[Symbol.dispose]()
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

function reportLock(event: LockEvent, context: CommandContext): void {
  switch (event.type) {
    case 'locked':
      return context.notice(
        `repo already locked, waiting up to ${formatGoDuration(event.retryMs)} for the lock`,
      )
    case 'refresh-failed':
      return context.warn(`unable to refresh lock: ${String(event.error)}`)
    case 'left-behind':
      return context.warn(`unable to remove lock ${event.id}: ${String(event.error)}`)
  }
}
