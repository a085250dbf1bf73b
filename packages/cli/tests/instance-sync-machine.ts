/** Machines with an instance each, and the built instance-sync run on them as a launcher runs it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { buildPrograms } from '../../../tools/build.ts'
import { type RunningServer, startRestServer } from '../../../tools/servers.ts'

export interface Ended {
  /** the exit code, or 128 and the signal's number */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

export class Machine {
  readonly folder: string
  readonly #world: World

  constructor(world: World, folder: string) {
    this.#world = world
    this.folder = folder
  }

  start(
    words: readonly string[],
    { env }: RunOptions = {},
  ): ChildProcessByStdio<Writable, Readable, Readable> {
    return spawn(this.#world.node, [this.#world.program, ...words], {
      // A launcher starts its commands anywhere and names the instance.
      cwd: this.#world.root,
      env: {
        PATH: process.env['PATH'],
        HOME: this.#world.root,
        TMPDIR: this.#world.root,
        INST_MC_DIR: this.folder,
        INST_NAME: 'Test Pack',
        ...env,
      },
      stdio: 'pipe',
    })
  }

  async run(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = this.start(words, options)
    child.stdin.on('error', () => undefined).end(options.input ?? '')
    return this.#world.ended(child)
  }

  /** Runs and expects that exit code. */
  async expect(code: number, words: readonly string[], options?: RunOptions): Promise<Ended> {
    const ended = await this.run(words, options)
    if (ended.code === code) return ended
    throw new Error(
      `instance-sync ${words.join(' ')}: exit code ${ended.code}\n${ended.stdout}${ended.stderr}`,
    )
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const file = join(this.folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }

  /** Every file but the sync layer's own: path and content. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {}
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name).slice(this.folder.length + 1)
      if (!entry.isFile() || path.startsWith('.cloud-sync')) continue
      found[path] = (await readFile(join(this.folder, path))).toString('latin1')
    }
    return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  async instanceId(): Promise<string> {
    const text = await readFile(join(this.folder, '.cloud-sync/sync.json'), 'utf8')
    return (JSON.parse(text) as { instance_id: string }).instance_id
  }

  /** All but the opt-in is gone. */
  async wipe(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      if (name !== '.cloud-sync') await rm(join(this.folder, name), { recursive: true })
    }
    for (const name of await readdir(join(this.folder, '.cloud-sync'))) {
      if (name === 'sync.json' || name === 'token') continue
      await rm(join(this.folder, '.cloud-sync', name), { recursive: true })
    }
  }
}

/** The program, built, and a folder for its machines, which goes when disposed. */
export class World implements AsyncDisposable {
  readonly root: string
  readonly program: string
  readonly node: string
  /** all that was ever printed, to look for secrets */
  printed = ''
  #count = 0

  private constructor(root: string, program: string, node: string) {
    this.root = root
    this.program = program
    this.node = node
  }

  static async create(node: string = process.execPath): Promise<World> {
    const root = await mkdtemp(join(tmpdir(), 'instance-sync-'))
    const [program = ''] = await buildPrograms(['instance-sync'], join(root, 'bin'))
    return new World(root, program, node)
  }

  async machine(): Promise<Machine> {
    const folder = join(this.root, `machine ${++this.#count}`)
    await mkdir(folder)
    return new Machine(this, folder)
  }

  /** Accounts with repositories of their own, in which nobody can delete. */
  startServer(htpasswd: Readonly<Record<string, string>>): Promise<RunningServer> {
    const dataDir = join(this.root, 'served')
    return startRestServer({ dataDir, htpasswd, privateRepos: true, appendOnly: true })
  }

  async ended(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Ended> {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    const texts = [stdout, stderr].map((chunks) => Buffer.concat(chunks).toString())
    this.printed += texts.join('')
    return {
      code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      stdout: texts[0] ?? '',
      stderr: texts[1] ?? '',
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** The JSON lines of a command without those that only tell how far it is; fails on a line that is none. */
export function objects({ stdout }: Ended): Record<string, unknown>[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((object) => object['message_type'] !== 'status')
}
