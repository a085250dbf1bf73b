import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { localBackend } from '@instance-sync/local-backend'
import { type Repository, openRepository, walkTree } from 'restic-core'
import { nodeFileAccess } from 'restic-core/node'
import { testRuntime } from '../../restic-core/src/testing/test-runtime.ts'
import { token } from './machine.ts'

/** What the history of an instance holds, read from the server's disk and not through the product. */
export class HistoryOracle implements AsyncDisposable {
  readonly path: string
  readonly #contents = new Map<string, string>()
  readonly #walked = new Set<string>()
  readonly #texts = new Set<string>()
  #repository: Repository | undefined

  /** @param path of the repository in the server's folder */
  constructor(path: string) {
    this.path = path
  }

  get snapshotCount(): number {
    return this.#walked.size
  }

  /** Contents of all files in all snapshots. A snapshot that vanished, or lacks anything, throws. */
  async contents(): Promise<ReadonlySet<string>> {
    if (!existsSync(join(this.path, 'config'))) return this.#texts
    const repository = await this.#open()
    const listed = new Set<string>()
    for await (const { name } of repository.listFiles('snapshot')) listed.add(name)
    for (const name of this.#walked) {
      if (!listed.has(name)) throw new Error(`snapshot ${name} is gone`)
    }
    const fresh = [...listed].filter((name) => !this.#walked.has(name))
    if (fresh.length === 0) return this.#texts
    const indexed = await repository.loadIndex()
    for (const name of fresh) {
      const snapshot = await repository.findSnapshot(name)
      for await (const { node } of walkTree(indexed, snapshot.tree)) {
        if (node.content === null) continue
        const key = node.content.join()
        if (this.#contents.has(key)) continue
        const parts = await Promise.all(node.content.map((id) => indexed.readBlob('data', id)))
        const text = Buffer.concat(parts).toString('utf8')
        this.#contents.set(key, text)
        this.#texts.add(text)
      }
      this.#walked.add(name)
    }
    return this.#texts
  }

  async #open(): Promise<Repository> {
    return (this.#repository ??= await openRepository({
      backend: localBackend({ path: this.path }),
      password: token.password,
      runtime: await testRuntime({ files: nodeFileAccess() }),
      retry: false,
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#repository?.[Symbol.asyncDispose]()
  }
}
