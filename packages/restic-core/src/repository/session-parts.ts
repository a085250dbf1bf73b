import { type Timer, systemTimer } from '../base/timer.ts'
import type { Backend } from '../backend/backend.ts'
import { type RepositoryCache, repositoryCache } from '../backend/cache.ts'
import type { RepositoryConfig } from '../format/config.ts'
import type { Runtime } from '../work/runtime.ts'
import type { OpenOptions, OpenedKey, RepositoryLock } from './api.ts'
import { RepositoryFiles } from './files.ts'
import { Gate, gated } from './gate.ts'
import type { IndexCache } from './index/index-cache.ts'

/** What a session is made of; it is shared when the index is loaded. */
export interface SessionParts {
  /** With the cache outermost. */
  readonly backend: Backend
  readonly uncached: Backend
  readonly files: RepositoryFiles
  readonly runtime: Runtime
  readonly config: RepositoryConfig
  readonly key: OpenedKey
  readonly timer: Timer
  readonly gate: Gate
  readonly fileCache: RepositoryCache | undefined
  readonly indexCache: IndexCache | undefined
  readonly locks: Set<RepositoryLock>
  /** Lets a cache be written behind the work; the session waits for it at its end. */
  keep(saving: Promise<void>): void
  /** Ends the session; a second call waits for the first. */
  release(): Promise<void>
}

export function sessionParts(
  options: Pick<OpenOptions, 'backend' | 'runtime' | 'cache' | 'timer'> & {
    readonly key: OpenedKey
    readonly config: RepositoryConfig
  },
): SessionParts {
  const { runtime, key, config } = options
  const cache = options.cache?.(config.id)
  const fileCache =
    cache?.files && repositoryCache(cache.files, runtime.kernel, { onEvent: cache.onEvent })
  const gate = new Gate()
  const uncached = gated(options.backend, gate)
  const backend = fileCache?.layer(uncached) ?? uncached
  const { masterKey } = key
  const files = new RepositoryFiles({ backend, runtime, masterKey, version: config.version })
  const locks = new Set<RepositoryLock>()
  let kept: Promise<unknown> = Promise.resolve()
  const reportUnsaved = (error: unknown): void =>
    cache?.onEvent?.({ type: 'cache', problem: 'unwritable', file: 'index', name: '', error })
  let released: Promise<void> | undefined
  return {
    backend,
    uncached,
    files,
    runtime,
    config,
    key,
    timer: options.timer ?? systemTimer,
    gate,
    fileCache,
    indexCache: cache?.index,
    locks,
    keep(saving) {
      kept = Promise.all([kept, saving.catch(reportUnsaved)])
    },
    release: () => (released ??= releaseAll(locks, kept, backend)),
  }
}

async function releaseAll(
  locks: ReadonlySet<RepositoryLock>,
  kept: Promise<unknown>,
  backend: Backend,
): Promise<void> {
  try {
    for (const lock of locks) await lock[Symbol.asyncDispose]()
    await kept
  } finally {
    await backend[Symbol.asyncDispose]()
  }
}
