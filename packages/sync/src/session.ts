import {
  BegunRun,
  type Cancellable,
  type EarlyRun,
  EarlyWork,
  type IndexedRepository,
  type Observed,
  type Repository,
  type RepositoryLock,
  type Runtime,
  isResticError,
} from 'restic-core'
import { formatTime } from 'restic-core/format'
import { finishInterrupted } from './apply/change-folder.ts'
import type { SyncEvent } from './events.ts'
import type { FolderFiles } from './files/folder-files.ts'
import type { Lineage } from './lineage/lineage.ts'
import { pushCount } from './lineage/seen.ts'
import type { Platform } from './platform.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { dropOpenedKey } from './remote/key-cache.ts'
import { instanceLocation } from './remote/location.ts'
import { Remote } from './remote/remote.ts'
import { type Scope, readScope, scopeFingerprint } from './scope/scope.ts'
import { lockFolder } from './state/folder-lock.ts'
import {
  type Base,
  type Device,
  type FolderState,
  readState,
  writeState,
} from './state/folder-state.ts'
import { mintDeviceId } from './state/instance-id.ts'
import { type SyncSettings, readSettings } from './state/settings.ts'
import { type Token, readToken } from './state/token.ts'

/** What every command takes. */
export interface SyncOptions extends Cancellable, Observed<SyncEvent> {
  /** The folder that is synced; absolute, or relative to where the process is. */
  readonly packFolder: string
  /** Instead of the one in the folder. */
  readonly token?: Token | undefined
  /** Of the repository. The token's password unless given. */
  readonly repositoryPassword?: string | undefined
  /** Keep the opened key in the cache folder, so that the password need not be stretched each time. */
  readonly keepsKey?: boolean | undefined
  /** How long to wait for another command on this folder; two minutes unless given. */
  readonly lockWaitMs?: number | undefined
  /** How long requests for content are repeated while the server fails; two minutes unless given. */
  readonly patienceMs?: number | undefined
  /** What the machine offers; Node's unless given. */
  readonly platform?: Platform | undefined
}

const lockWaitMsDefault = 120_000
const patienceMsDefault = 120_000
/** How long to wait for the server's operator to finish a prune. */
const repositoryLockWaitMs = 60_000

/** What is done with the repository. @param signal aborts when the lock is lost, too */
type Work<T> = (indexed: IndexedRepository, signal: AbortSignal) => Promise<T>

/** An opted-in folder in the hands of one command: locked, recovered, and with the way to its history. */
export class Session {
  readonly files: FolderFiles
  readonly platform: Platform
  readonly runtime: Runtime
  readonly settings: SyncSettings
  readonly scope: Scope
  readonly scopeId: string
  readonly remote: Remote
  readonly options: SyncOptions
  #state: FolderState
  /** The work at hand, which may wait for its lock. */
  #early: EarlyRun | undefined
  /** All work that was begun, until it has come to its end. */
  #running: Promise<unknown> = Promise.resolve()

  constructor(
    parts: Pick<
      Session,
      'files' | 'platform' | 'runtime' | 'settings' | 'scope' | 'remote' | 'options'
    >,
    state: FolderState,
  ) {
    this.files = parts.files
    this.platform = parts.platform
    this.runtime = parts.runtime
    this.settings = parts.settings
    this.scope = parts.scope
    this.scopeId = scopeFingerprint(parts.scope, parts.runtime.kernel)
    this.remote = parts.remote
    this.options = parts.options
    this.#state = state
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal
  }

  get state(): FolderState {
    return this.#state
  }

  get host(): string {
    return this.platform.hostname
  }

  tell(event: SyncEvent): void {
    const tell = (): void => this.options.onEvent?.(event)
    if (this.#early) this.#early.tell(tell)
    else tell()
  }

  /** Waited for before anything is changed, here or there: the work may have begun before its lock is held. */
  get mayWrite(): Promise<void> {
    return this.#early?.mayWrite ?? Promise.resolve()
  }

  /** RFC 3339, for people. */
  now(): string {
    return formatTime(this.runtime.clock.nowNs(), this.runtime.clock)
  }

  async update(change: Partial<FolderState>): Promise<void> {
    await this.mayWrite
    this.#state = { ...this.#state, ...change }
    await writeState(this.files, this.#state)
  }

  /** The folder is now equal to a snapshot, and no push is under way. */
  async setBase(base: Base): Promise<void> {
    const synced = { time: this.now(), host: this.host }
    await this.update({ base, push: undefined, begins: undefined, ...synced })
  }

  /** A change of the folder is complete. */
  async complete(journalId: string, base: Base | undefined): Promise<void> {
    const now = base === undefined ? {} : { time: this.now(), host: this.host }
    await this.update({ ...completedState(this.#state, journalId, base), ...now })
  }

  /**
   * Who this folder is among those that push. A copied folder is somebody else, and so is one that
   * was set back to an older state of itself: the history has pushes of it that it does not know of.
   */
  device(lineage: Lineage<HistorySnapshot>): Device {
    const { device: known, base } = this.#state
    const place = { host: this.host, root: this.files.root }
    const isHere = known?.host === place.host && known.root === place.root
    if (isHere && pushCount(lineage, known.id) <= (base?.seen?.[known.id] ?? 0)) return known
    return { id: mintDeviceId((length) => this.runtime.random(length)), ...place }
  }

  /**
   * The history, after a push that was interrupted between its last request and our own note of it
   * has been taken up.
   */
  async history(): Promise<Lineage<HistorySnapshot>> {
    const lineage = await this.remote.history({ signal: this.signal })
    const arrived = this.#state.push?.base
    if (arrived !== undefined && lineage.find(arrived.snapshot) !== undefined) {
      await this.setBase(arrived)
    }
    return lineage
  }

  /**
   * Runs `work` under a lock that keeps an operator's prune away. It begins while the lock is waited
   * for, changes nothing before `mayWrite`, and begins anew when that lock was refused. Work does not
   * ask for another lock: it would wait for itself.
   *
   * @param isNeeded reading goes on without a lock where the server takes none
   */
  async locked<T>(repository: Repository, isNeeded: boolean, work: Work<T>): Promise<T> {
    const early = new EarlyWork<BegunRun<T>, void>(
      () => new BegunRun((run) => this.#begin(repository, run, work)),
    )
    const onWritten = (attempt: AbortSignal): void => early.begin(undefined, attempt)
    try {
      await using lock = await this.#lock(repository, isNeeded, onWritten)
      const signals = [this.signal, lock?.signal].filter((signal) => signal !== undefined)
      return await early.take(undefined).result(AbortSignal.any(signals))
    } finally {
      await early.stop(this.signal?.reason)
    }
  }

  /** One after the other, for they change the same state. */
  #begin<T>(repository: Repository, run: EarlyRun, work: Work<T>): Promise<T> {
    const begun = this.#running.then(async () => {
      const { signal } = run
      this.#early = run
      try {
        // What was read before this lock may be out of date.
        return await work(await repository.loadIndex({ signal }), signal)
      } finally {
        this.#early = undefined
      }
    })
    this.#running = begun.catch(() => undefined)
    return begun
  }

  async #lock(
    repository: Repository,
    isNeeded: boolean,
    onWritten: (attempt: AbortSignal) => void,
  ): Promise<RepositoryLock | undefined> {
    try {
      return await repository.lock('shared', {
        signal: this.signal,
        onWritten,
        retryMs: repositoryLockWaitMs,
        onEvent: (event) => {
          // At once: work that was begun and refused tells nothing more.
          if (event.type !== 'locked') return
          this.options.onEvent?.({ type: 'locked', holders: event.holders })
        },
      })
    } catch (error) {
      if (isNeeded || isResticError(error, 'LOCKED') || !isLockRefused(error)) throw error
      return undefined
    }
  }
}

/** Whether no lock can be had: a read-only or full server takes none, and a prune wants to be alone. */
export function isLockRefused(error: unknown): boolean {
  if (isResticError(error, 'LOCKED')) return true
  return isResticError(error, 'BACKEND') && error.reason !== 'unavailable'
}

/** The state of a folder once a change of it is complete. */
function completedState(state: FolderState, applied: string, base: Base | undefined): FolderState {
  return base === undefined ? { ...state, applied } : { ...state, base, applied }
}

/** What a command may bring along before the folder is opted in. */
export interface SessionSettings {
  readonly settings?: SyncSettings | undefined
}

/** The way to an instance's repository, without the folder's lock. */
export interface RemoteParts {
  readonly files: FolderFiles
  readonly platform: Platform
  readonly runtime: Runtime
  readonly settings: SyncSettings
  readonly remote: Remote
}

/** Runs `work` with the repository of a folder; undefined when the folder is not opted in. */
export async function withRemote<T>(
  options: SyncOptions & SessionSettings,
  work: (parts: RemoteParts) => Promise<T>,
): Promise<T | undefined> {
  const platform = await platformOf(options)
  const files = platform.files(options.packFolder)
  const settings = options.settings ?? (await readSettings(files, options))
  if (settings === undefined) return undefined
  await using runtime = await platform.runtime()
  await using remote = await connect(files, platform, runtime, settings, options)
  return await work({ files, platform, runtime, settings, remote })
}

/**
 * Runs a command on a folder: takes its lock, ends what was interrupted, and releases everything
 * afterwards. undefined when the folder is not opted in; then nothing is touched.
 */
export function withSession<T>(
  options: SyncOptions & SessionSettings,
  work: (session: Session) => Promise<T>,
): Promise<T | undefined> {
  return withRemote(options, async (parts) => {
    const { files, platform, runtime, settings } = parts
    const world = {
      pid: platform.pid,
      host: platform.hostname,
      space: platform.processSpace,
      timer: platform.timer,
      random: (length: number) => runtime.random(length),
      processStart: (pid: number) => platform.processStart(pid),
    }
    await using _lock = await lockFolder(files, world, {
      waitMs: options.lockWaitMs ?? lockWaitMsDefault,
      signal: options.signal,
      onEvent: (event) => options.onEvent?.(event),
    })
    const state = await recovered(files, settings, runtime, options)
    const scope = await readScope(files, options)
    return await work(new Session({ ...parts, scope, options }, state))
  })
}

async function recovered(
  files: FolderFiles,
  settings: SyncSettings,
  runtime: Runtime,
  options: SyncOptions,
): Promise<FolderState> {
  const { instanceId } = settings
  const state = (await readState(files, instanceId, options)) ?? { instanceId }
  const time = formatTime(runtime.clock.nowNs(), runtime.clock)
  let current = state
  const how = await finishInterrupted(
    files,
    {
      completedId: () => Promise.resolve(state.applied),
      async complete({ id, base }) {
        current = completedState(state, id, base)
        await writeState(files, current)
      },
    },
    time,
  )
  if (how !== undefined) options.onEvent?.({ type: 'recovered', how })
  return current
}

async function connect(
  files: FolderFiles,
  platform: Platform,
  runtime: Runtime,
  settings: SyncSettings,
  options: SyncOptions,
): Promise<Remote> {
  const token = options.token ?? (await readToken(files, options))
  // A key is kept beside the token that would give it; without the token it must not be there.
  if (token === undefined && options.repositoryPassword === undefined) await dropOpenedKey(files)
  return Remote.connect({
    files,
    platform,
    runtime,
    location: instanceLocation(settings.url, settings.instanceId, token),
    password: options.repositoryPassword ?? token?.password,
    keepsKey: options.keepsKey ?? true,
    patienceMs: options.patienceMs ?? patienceMsDefault,
  })
}

/** Node's is loaded only where no other one is given. */
export async function platformOf({ platform }: SyncOptions): Promise<Platform> {
  if (platform !== undefined) return platform
  const { nodePlatform } = await import('./node/node-platform.ts')
  return nodePlatform()
}
