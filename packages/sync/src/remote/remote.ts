import {
  type Backend,
  BackendError,
  type Cancellable,
  type OpenedKey,
  type Repository,
  type Runtime,
  type SnapshotId,
  initRepository,
  isResticError,
  openRepository,
} from 'restic-core'
import { layered, limit, retry } from 'restic-core/backend'
import { SyncError } from '../errors.ts'
import type { FolderFiles } from '../files/folder-files.ts'
import { Lineage } from '../lineage/lineage.ts'
import type { Platform } from '../platform.ts'
import { controlPaths } from '../state/control-folder.ts'
import { answerLimit, answeredWithin } from './answer-limit.ts'
import {
  type HistorySnapshot,
  historySnapshot,
  readHistoryCache,
  writeHistoryCache,
} from './history-cache.ts'
import { dropOpenedKey, keepOpenedKey, readOpenedKey } from './key-cache.ts'
import type { InstanceLocation } from './location.ts'

export interface RemoteOptions {
  readonly files: FolderFiles
  readonly platform: Platform
  readonly runtime: Runtime
  readonly location: InstanceLocation
  /** of the repository; undefined when the folder knows none */
  readonly password: string | undefined
  readonly keepsKey: boolean
  /** how long requests for content are repeated, milliseconds */
  readonly patienceMs: number
}

/** How long the first question to the server is repeated: a player waits for the game to start. */
const listingPatienceMs = 1_500

/**
 * For the listing as a whole, and for each snapshot that is known to be in it: other requests wait
 * longer for a server that is slow, or hangs.
 */
const listingMaxMs = 20_000
const listingMaxMsEach = 10

/** For each request before the content: the first of them may wake a disk. */
const answerMaxMs = 20_000

/**
 * The instance's repository as far as a command needs it: names of snapshots first, which takes no
 * key; then snapshots; then blobs. Each step is taken once.
 */
export class Remote implements AsyncDisposable {
  readonly location: string
  readonly #options: RemoteOptions
  readonly #store: Backend
  readonly #quick: Backend
  #known = new Map<SnapshotId, HistorySnapshot>()
  #repository: Promise<Repository> | undefined

  private constructor(options: RemoteOptions, store: Backend) {
    this.#options = options
    const patienceMs = Math.max(listingPatienceMs, options.patienceMs)
    this.#store = layered(store, answerLimit(Math.min(answerMaxMs, patienceMs)))
    this.location = store.location
    this.#quick = layered(
      this.#store,
      limit(),
      retry(options.runtime, { totalMs: listingPatienceMs }),
    )
  }

  static async connect(options: RemoteOptions): Promise<Remote> {
    return new Remote(options, await options.platform.openStore(options.location))
  }

  /** Whether there is a repository at all. */
  async exists(options?: Cancellable): Promise<boolean> {
    try {
      await this.#quick.stat({ type: 'config' }, options)
      return true
    } catch (error) {
      if (isResticError(error, 'BACKEND') && error.reason === 'not-found') return false
      throw this.#explained(error)
    }
  }

  /**
   * All that is known of the history after one listing and a read of what is new.
   *
   * @throws SyncError 'SETTINGS' when no password is known: an address without its token may well be
   * that of another place, where a history would seem not to have begun
   */
  async history(options: Cancellable = {}): Promise<Lineage<HistorySnapshot>> {
    this.#password()
    const { files } = this.#options
    const cached = await readHistoryCache(files, this.location)
    const names = await this.#names(listingMaxMs + cached.size * listingMaxMsEach, options)
    const known = names.flatMap((name) => cached.get(name) ?? [])
    const missing = names.filter((name) => !cached.has(name))
    if (missing.length > 0) known.push(...(await this.#loadSnapshots(missing, options)))
    this.#known = new Map(known.map((snapshot) => [snapshot.id, snapshot]))
    if (missing.length > 0 || known.length !== cached.size) await this.#keepHistory()
    return new Lineage(known)
  }

  /** @param mostMs for all of it, milliseconds; less for callers that have less patience */
  async #names(mostMs: number, options: Cancellable): Promise<SnapshotId[]> {
    const patienceMs = Math.min(mostMs, Math.max(listingPatienceMs, this.#options.patienceMs))
    try {
      return await answeredWithin(patienceMs, this, options, async (signal) => {
        const names: SnapshotId[] = []
        for await (const { name } of this.#quick.list('snapshot', { signal })) {
          names.push(name as SnapshotId)
        }
        return names
      })
    } catch (error) {
      throw this.#explained(error)
    }
  }

  /** A snapshot that this command stored; the next one need not read it. */
  async noteStored(snapshot: HistorySnapshot): Promise<void> {
    this.#known.set(snapshot.id, snapshot)
    await this.#keepHistory()
  }

  async #keepHistory(): Promise<void> {
    await writeHistoryCache(this.#options.files, this.location, this.#known.values())
  }

  async #loadSnapshots(
    names: readonly SnapshotId[],
    options: Cancellable,
  ): Promise<HistorySnapshot[]> {
    const repository = await this.repository(options)
    const loads = names.map(async (name) => {
      try {
        return [historySnapshot(await repository.loadSnapshot(name, options))]
      } catch (error) {
        // An operator may have forgotten it since the listing.
        if (isResticError(error, 'MISSING')) return []
        throw error
      }
    })
    return (await Promise.all(loads)).flat()
  }

  /** @throws NoRepositoryError, WrongPasswordError */
  repository(options: Cancellable = {}): Promise<Repository> {
    return (this.#repository ??= this.#open(options))
  }

  /** Makes the repository when there is none yet. */
  async repositoryForWriting(options: Cancellable = {}): Promise<Repository> {
    if (this.#repository === undefined && !(await this.exists(options))) {
      this.#repository = this.#init(options)
    }
    return this.repository(options)
  }

  /** Bytes that may still be stored; undefined when the store does not tell. */
  freeBytes(): Promise<number | undefined> {
    const { platform, location } = this.#options
    return platform.storeFreeBytes(location)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#repository?.catch(() => undefined)
    // A session disposes the store it was given.
    await (opened ?? this.#store)[Symbol.asyncDispose]()
  }

  get #patient(): Backend {
    const { runtime, patienceMs } = this.#options
    return layered(this.#store, limit(), retry(runtime, { totalMs: patienceMs }))
  }

  async #open(options: Cancellable): Promise<Repository> {
    const { files, runtime, platform, keepsKey } = this.#options
    const password = this.#password()
    const source = { location: this.location, password }
    const open = (secret: string | OpenedKey): Promise<Repository> =>
      openRepository({
        backend: this.#patient,
        runtime,
        retry: false,
        password: secret,
        timer: platform.timer,
        cache: platform.sessionCache(`${files.root}/${controlPaths.cache}`),
        signal: options.signal,
      })
    try {
      const known = keepsKey ? await readOpenedKey(files, source, runtime.kernel) : undefined
      if (known !== undefined) {
        try {
          return await open(known)
        } catch (error) {
          // Another repository may stand where the one was that the key belongs to.
          if (!isResticError(error, 'WRONG_PASSWORD')) throw error
          await dropOpenedKey(files)
        }
      }
      const opened = await open(password)
      await this.#keepKey(opened)
      return opened
    } catch (error) {
      throw this.#explained(error)
    }
  }

  async #init(options: Cancellable): Promise<Repository> {
    const { runtime, platform } = this.#options
    try {
      const made = await initRepository({
        backend: this.#patient,
        runtime,
        retry: false,
        password: this.#password(),
        completes: true,
        timer: platform.timer,
        hostname: platform.hostname,
        username: runtime.identity.username,
        cost: platform.keyCost,
        cache: platform.sessionCache(`${this.#options.files.root}/${controlPaths.cache}`),
        signal: options.signal,
      })
      await this.#keepKey(made)
      return made
    } catch (error) {
      // Two machines may push the first state at once; the one that comes second joins.
      if (isResticError(error, 'BACKEND') && error.reason === 'refused') return this.#open(options)
      throw this.#explained(error)
    }
  }

  async #keepKey({ keyId, masterKey }: Repository): Promise<void> {
    const { files, runtime, keepsKey } = this.#options
    if (!keepsKey) return dropOpenedKey(files)
    const source = { location: this.location, password: this.#password() }
    await keepOpenedKey(files, source, { keyId, masterKey }, runtime.kernel)
  }

  #password(): string {
    const { password } = this.#options
    if (password !== undefined) return password
    throw passwordUnknown()
  }

  /** A server that refuses is told with the account's name, never with its password. */
  #explained(error: unknown): unknown {
    const { location } = this.#options
    if (!isResticError(error, 'BACKEND') || error.reason !== 'denied') return error
    const user = location.store === 'rest' ? location.credentials?.user : undefined
    const who = user === undefined ? 'without an account' : `for the account ${user}`
    return new BackendError(`${this.location} refuses access ${who}`, 'denied', {
      hint: 'Check the token: the account, its password, and whether the server knows them.',
      cause: error,
    })
  }
}

export function passwordUnknown(): SyncError {
  return new SyncError('SETTINGS', 'the password of the repository is not known', {
    hint:
      'Run setup or init again, which take the token, or name a file that holds it with ' +
      '--token-file; a repository with a password of its own wants --repo-password-file.',
  })
}

/** Whether the server could not be reached, as opposed to having answered. */
export function isOffline(error: unknown): boolean {
  return isResticError(error, 'BACKEND') && error.reason === 'unavailable'
}
