import { type IndexedRepository, type Repository, type TreeId, walkTrees } from 'restic-core'

/** What is there while the lock is still waited for. */
export interface EarlySession {
  readonly repository: IndexedRepository
  readonly signal: AbortSignal
}

/** The tree that will be gone through, if it can be told. */
export type FindTree = (early: EarlySession) => Promise<TreeId | undefined>

/** What a command looks for in a repository, before it has the lock and then again. */
type Search<T> = (session: {
  readonly repository: Repository
  readonly signal: AbortSignal
}) => Promise<T>

/** Looks once; and again when that failed, or when the attempt at the lock that it was for was refused. */
export function foundOnce<T>(search: Search<T>): Search<T> {
  let found: { readonly signal: AbortSignal; readonly result: Promise<T> } | undefined
  return (session) => {
    if (found === undefined || found.signal.aborted) {
      const result = search(session)
      found = { signal: session.signal, result }
      result.catch(() => (found = undefined))
    }
    return found.result
  }
}

/** Nodes that are read before they are asked for; the repository keeps as many at hand. */
const nodesMax = 30_000

/** An index that begins to load, and trees that are read, before it is known whether they may be used. */
export class EarlyIndex {
  readonly #repository: Repository
  readonly #findTree: FindTree | undefined
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #loading: Promise<IndexedRepository> | undefined
  /** All that was begun, with whatever came of it. */
  #running: Promise<unknown> = Promise.resolve()

  constructor(repository: Repository, signal: AbortSignal, findTree?: FindTree) {
    this.#repository = repository
    this.#findTree = findTree
    this.#signal = AbortSignal.any([signal, this.#stop.signal])
  }

  /** @param attempt at the lock; when it aborts, what was loaded is out of date, and forgotten */
  load(attempt: AbortSignal): void {
    const signal = AbortSignal.any([this.#signal, attempt])
    void this.#begin(signal)
    attempt.addEventListener('abort', () => (this.#loading = undefined), { once: true })
  }

  /** What was loaded for the lock that is held, or is loaded now. */
  take(): Promise<IndexedRepository> {
    return this.#loading ?? this.#begin(this.#signal)
  }

  async stop(reason: unknown): Promise<void> {
    this.#stop.abort(reason)
    await this.#running
  }

  #begin(signal: AbortSignal): Promise<IndexedRepository> {
    const loading = this.#repository.loadIndex({ signal })
    this.#loading = loading
    // Whoever takes the index hears of its failure; nobody may, and nobody waits for the trees.
    const reading = loading
      .then((repository) => this.#readTrees({ repository, signal }))
      .catch(() => undefined)
    this.#running = Promise.all([this.#running, reading])
    return loading
  }

  /** As far as the repository keeps them at hand. */
  async #readTrees(early: EarlySession): Promise<void> {
    const root = await this.#findTree?.(early)
    if (root === undefined) return
    let nodes = 0
    for await (const step of walkTrees(early.repository, root, { signal: early.signal })) {
      if (step.type === 'enter') nodes += step.tree.nodes.length
      if (nodes > nodesMax) return
    }
  }
}
