import type { IndexedRepository, LockEvent, Repository } from 'restic-core'
import { holdHangup } from 'restic-core/node'
import { formatGoDuration } from '../shared/units.ts'
import type { CommandContext } from './command.ts'
import { EarlyIndex } from './early-index.ts'
import { type OpeningOptions, openGlobalRepository } from './open.ts'

/** An opened repository, and the lock a command holds on it. */
export interface Session extends AsyncDisposable {
  readonly repository: Repository
  /** Aborts when the program must end, and when the lock is lost. */
  readonly signal: AbortSignal
  /** The repository with its index, which is loaded while the lock is waited for. */
  indexed(): Promise<IndexedRepository>
}

/** How a command uses the repository. `--no-lock` turns a lock that is only for reading off. */
type LockWish = 'none' | 'shared' | 'shared-always' | 'exclusive'

export async function openSession(
  context: CommandContext,
  wish: LockWish,
  options: OpeningOptions = {},
): Promise<Session> {
  const opened = await openGlobalRepository(context, options)
  const { repository } = opened
  const mode = wish === 'shared-always' ? 'shared' : wish
  if (mode === 'none' || (wish !== 'shared-always' && !context.globals.lock)) {
    const { signal } = context
    return {
      repository,
      signal,
      indexed: () => repository.loadIndex({ signal }),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    }
  }
  const hangup = holdHangup()
  const index = new EarlyIndex(repository, context.signal)
  const stopEarly = async (reason: unknown): Promise<void> => {
    await Promise.all([index.stop(reason), options.early?.stop(reason)])
  }
  try {
    const lock = await repository.lock(mode, {
      signal: context.signal,
      retryMs: context.globals.retryLock,
      onEvent: (event) => reportLock(event, context),
      onWritten: (attempt) => {
        if (options.needsIndex === true) index.load(attempt)
        options.early?.begin({ repository, indexed: () => index.take() }, attempt)
      },
    })
    return {
      repository,
      signal: AbortSignal.any([context.signal, lock.signal]),
      indexed: () => index.take(),
      async [Symbol.asyncDispose]() {
        try {
          await stopEarly(undefined)
          await lock[Symbol.asyncDispose]()
        } finally {
          hangup[Symbol.dispose]()
          await opened[Symbol.asyncDispose]()
        }
      },
    }
  } catch (error) {
    await stopEarly(error)
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
