/** A player's machines and a real server, with accounts, that lets nobody delete. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { peers } from '../../../tools/peers.ts'
import {
  type ResticResult,
  type RestServerOptions,
  type RunningServer,
  runRestic,
  startRestServer,
} from '../../../tools/servers.ts'
import { init } from '../src/index.ts'
import type { FolderFiles } from '../src/files/folder-files.ts'
import type { Platform } from '../src/platform.ts'
import { Fate } from './faults.ts'
import {
  type Files,
  type Machine,
  makeMachine,
  readFiles,
  temporaryFolder,
  token,
  writeFiles,
} from './machine.ts'

export class Scene implements AsyncDisposable {
  readonly root: string
  readonly dataDir: string
  server: RunningServer
  /** set once the first machine is there */
  instanceId = ''
  readonly #temporary: Disposable
  readonly #options: Partial<RestServerOptions>
  #count = 0

  private constructor(
    temporary: Disposable & { readonly path: string },
    server: RunningServer,
    options: Partial<RestServerOptions>,
  ) {
    this.#temporary = temporary
    this.root = temporary.path
    this.dataDir = join(temporary.path, 'served')
    this.server = server
    this.#options = options
  }

  static async create(options: Partial<RestServerOptions> = {}): Promise<Scene> {
    const temporary = temporaryFolder()
    mkdirSync(join(temporary.path, 'served'))
    const server = await startServer(join(temporary.path, 'served'), options)
    return new Scene(temporary, server, options)
  }

  /** Where the instance's repository lies on the server's disk. */
  get repository(): string {
    return join(this.dataDir, token.account, this.instanceId)
  }

  /** The first machine makes the instance, the others join it. */
  async machine(files: Files = {}, url: string = this.server.url): Promise<Machine> {
    const name = `machine-${++this.#count}`
    const machine = makeMachine(name, join(this.root, name))
    mkdirSync(machine.folder, { recursive: true })
    if (this.instanceId === '') writeFiles(machine.folder, files)
    const report = await init({
      packFolder: machine.folder,
      platform: machine.platform(),
      url,
      token,
      ...(this.instanceId !== '' && { instanceId: this.instanceId }),
    })
    if (report.outcome !== 'enabled') throw new Error('an empty folder cannot conflict')
    this.instanceId = report.instanceId
    writeFiles(machine.folder, files)
    return machine
  }

  /** The server again, after a stop, with other options, at another address. */
  async restart(options: Partial<RestServerOptions> = {}): Promise<void> {
    await this.server.stop()
    this.server = await startServer(this.dataDir, { ...this.#options, ...options })
  }

  /** The operator's restic, on the server's own disk. */
  async restic(args: readonly string[]): Promise<ResticResult> {
    const { restic018 } = await peers()
    return runRestic(restic018, args, { repo: this.repository, password: token.password })
  }

  /** Real restic reads every byte of the repository and finds nothing wrong. */
  async expectClean(): Promise<void> {
    const { code, stdout, stderr } = await this.restic(['check', '--read-data', '--no-lock'])
    if (code !== 0) throw new Error(`restic check: ${stdout}${stderr}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop()
    this.#temporary[Symbol.dispose]()
  }
}

function startServer(dataDir: string, options: Partial<RestServerOptions>): Promise<RunningServer> {
  return startRestServer({
    dataDir,
    htpasswd: { [token.account]: token.password },
    privateRepos: true,
    appendOnly: true,
    ...options,
  })
}

/** What every command on a machine is given. */
export function on(
  machine: Machine,
  fate?: Fate,
): { packFolder: string; platform: ReturnType<Machine['platform']>; lockWaitMs: number } {
  return { packFolder: machine.folder, platform: machine.platform(fate), lockWaitMs: 0 }
}

/** A machine whose folder answers some calls in a way of its own. */
export function withFiles(
  machine: Machine,
  change: (files: FolderFiles) => Partial<FolderFiles>,
): ReturnType<typeof on> {
  const platform: Platform = machine.platform()
  return {
    ...on(machine),
    platform: {
      ...platform,
      files: (root) => {
        const files = platform.files(root)
        const changed = change(files)
        return new Proxy(files, {
          get: (target, name: keyof FolderFiles) => changed[name] ?? target[name],
        })
      },
    },
  }
}

/** Files without empty folders, which say nothing about content. */
export function filesOf({ folder }: Machine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readFiles(folder)).filter(([path]) => !path.endsWith('/')),
  )
}
