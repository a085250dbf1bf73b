/** Repositories behind a real REST server. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunningServer, startRestServer } from '../../tools/servers.ts'
import type { Stage } from './stage.ts'
import { type RepositoryAccess, resticEnvironment, runUnmeasured } from './programs.ts'

export interface StoredRepository extends RepositoryAccess {
  /** Its name below the server, and the name of its folder. */
  readonly name: string
  /** Where its files lie, beside the server. */
  readonly folder: string
}

const password = 'bench'

/**
 * A server, and repositories that are all copies of one empty one: the same master key, the same
 * cost of opening it and the same chunker polynomial, so that both sides cut the same chunks.
 */
export class Repositories implements AsyncDisposable {
  readonly server: RunningServer
  readonly #folder: string
  #url: string

  private constructor(server: RunningServer, folder: string) {
    this.server = server
    this.#folder = folder
    this.#url = server.url
  }

  static async start(stage: Stage): Promise<Repositories> {
    const folder = await mkdtemp(join(stage.folder, 'server-'))
    const dataDir = join(folder, 'data')
    await mkdir(dataDir)
    const repositories = new Repositories(await startRestServer({ dataDir }), folder)
    const template = repositories.#at('template')
    await runUnmeasured(
      stage.restic.command(['init'], {
        env: resticEnvironment({ ...template, location: template.folder }),
      }),
    )
    return repositories
  }

  /** From now on new repositories are reached under this address, which ends with a slash. */
  reachThrough(url: string): void {
    this.#url = url
  }

  /** An empty repository, with an empty cache. What had this name before is gone. */
  async fresh(name: string): Promise<StoredRepository> {
    const repository = this.#at(name)
    await this.remove(repository)
    await cp(this.#at('template').folder, repository.folder, { recursive: true })
    return repository
  }

  async remove(repository: StoredRepository): Promise<void> {
    await rm(repository.folder, { recursive: true, force: true })
    await forgetCache(repository)
  }

  #at(name: string): StoredRepository {
    return {
      name,
      folder: join(this.#folder, 'data', name),
      location: `rest:${this.#url}${name}/`,
      password,
      cacheDir: join(this.#folder, 'caches', name),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

export async function forgetCache({ cacheDir }: RepositoryAccess): Promise<void> {
  await rm(cacheDir, { recursive: true, force: true })
}

/** What the latest snapshot holds, by restic's word. */
export async function latestContent(stage: Stage, repository: RepositoryAccess): Promise<string> {
  const stats = await runUnmeasured(
    stage.restic.command(['stats', 'latest', '--json'], { env: resticEnvironment(repository) }),
  )
  const { total_size: size, total_file_count: files } = JSON.parse(stats) as {
    readonly total_size: number
    readonly total_file_count: number
  }
  return `${files} entries, ${size} bytes`
}

/** restic finds nothing wrong, and both latest snapshots hold the same. */
export async function expectSameContent(
  stage: Stage,
  ours: RepositoryAccess,
  restics: RepositoryAccess,
): Promise<void> {
  await runUnmeasured(stage.restic.command(['check'], { env: resticEnvironment(ours) }))
  const contents = [await latestContent(stage, ours), await latestContent(stage, restics)]
  if (contents[0] !== contents[1]) {
    throw new Error(`not the same work: ours stored ${contents[0]}, restic ${contents[1]}`)
  }
}
