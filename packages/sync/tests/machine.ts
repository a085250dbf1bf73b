import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type Backend,
  type Runtime,
  type Timer,
  isResticError,
  openRepository,
  systemTimer,
  walkTree,
} from 'restic-core'
import { memoryBackend } from 'restic-core/backend'
import { fileSource, nodeFileAccess, nodeSessionCache } from 'restic-core/node'
import { quickCost } from '../../restic-core/src/testing/test-repository.ts'
import { testRuntime } from '../../restic-core/src/testing/test-runtime.ts'
import { nodePlatform } from '../src/node/node-platform.ts'
import type { Platform } from '../src/platform.ts'
import { linuxRules } from '../src/plan/names.ts'
import { Fate, type Network, fatedFiles, fatedStore, fatedTarget } from './faults.ts'

export const token = { account: 'alice', password: 'open sesame' }

/** What one machine is made of for a test: a folder, a clock of its own, a network that may fail. */
export interface Machine {
  readonly name: string
  readonly folder: string
  readonly network: Network
  /** how far the machine's clock is off, nanoseconds */
  clockOffNs: bigint
  /** What commands are given; with a fate, the machine dies at its last call. */
  platform(fate?: Fate): Platform
}

/** A lock is looked at twice, 200 ms apart; a test of hundreds of commands has no time for that. */
const hurriedTimer: Timer = {
  every: (ms, tick) => systemTimer.every(ms, tick),
  sleep: (_, options) => systemTimer.sleep(0, options),
}

let seed = 1

/** Keys and nonces differ from run to run of a command, as they must. */
function runtimeOf(machine: { clockOffNs: bigint }): Promise<Runtime> {
  return testRuntime({
    seed: seed++,
    files: nodeFileAccess(),
    clock: {
      nowNs: () => BigInt(Date.now()) * 1_000_000n + machine.clockOffNs,
      utcOffset: () => 0,
    },
  })
}

/** A store that the machines of a test share and that can be put back to what it was. */
export class MemoryCloud {
  #store = memoryBackend()

  open(): Backend {
    return this.#store
  }

  files(): Map<string, Uint8Array> {
    return this.#store.files()
  }

  reset(files: ReadonlyMap<string, Uint8Array>): void {
    this.#store = memoryBackend({ files })
  }

  /** As a folder, for the real restic. */
  writeTo(folder: string): void {
    for (const type of ['data', 'index', 'keys', 'locks', 'snapshots']) {
      mkdirSync(join(folder, type), { recursive: true })
    }
    for (const [path, bytes] of this.files()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), bytes)
    }
  }
}

/** @param cloud instead of what the folder's settings name */
export function makeMachine(name: string, folder: string, cloud?: MemoryCloud): Machine {
  mkdirSync(folder, { recursive: true })
  const machine: Machine = {
    name,
    folder,
    network: { isUp: true },
    clockOffNs: 0n,
    platform(fate = new Fate()) {
      const real = nodePlatform({ hostname: name })
      return {
        ...real,
        keyCost: quickCost,
        timer: hurriedTimer,
        rules: () => Promise.resolve(linuxRules),
        runtime: () => runtimeOf(machine),
        source: () => fileSource(),
        files: (root) => fatedFiles(real.files(root), fate),
        target: (root) => fatedTarget(real.target(root), fate),
        openStore: async (location) =>
          fatedStore(cloud?.open() ?? (await real.openStore(location)), fate, machine.network),
        sessionCache: (cache) => nodeSessionCache({ folder: cache }),
      }
    },
  }
  return machine
}

/** Memory where there is such a folder: tests flush thousands of files, and need no power cut. */
const workshop = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A folder of the test, removed at its end. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(workshop, 'instance-sync-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export type Files = Readonly<Record<string, string>>

/** Makes the folder hold exactly these files, beside the control folder. */
export function writeFiles(folder: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** All files of a folder but those of the control folder; empty folders end with a slash. */
export function readFiles(folder: string): Record<string, string> {
  const found: Record<string, string> = {}
  const walk = (path: string): void => {
    const names = readdirSync(join(folder, path), { withFileTypes: true })
    const seen = names.filter(({ name }) => path !== '' || name !== '.cloud-sync')
    if (seen.length === 0 && path !== '') found[`${path}/`] = ''
    for (const { name } of seen.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const at = path === '' ? name : `${path}/${name}`
      const isFolder = seen.find((one) => one.name === name)?.isDirectory() === true
      if (isFolder) walk(at)
      else found[at] = readFileSync(join(folder, at), 'utf8')
    }
  }
  walk('')
  return found
}

/** Contents of all files in all snapshots of a repository. */
export async function historyContents(backend: Backend): Promise<Set<string>> {
  const contents = new Set<string>()
  const runtime = await testRuntime({ seed: seed++, files: nodeFileAccess() })
  try {
    await backend.stat({ type: 'config' })
  } catch (error) {
    if (isResticError(error, 'BACKEND') && error.reason === 'not-found') return contents
    throw error
  }
  const { password } = token
  const repository = await openRepository({ backend, password, runtime, retry: false })
  const indexed = await repository.loadIndex()
  const texts = new Map<string, string>()
  for await (const snapshot of repository.snapshots()) {
    for await (const { node } of walkTree(indexed, snapshot.tree)) {
      if (node.content === null) continue
      const key = node.content.join()
      if (!texts.has(key)) {
        const parts = await Promise.all(node.content.map((id) => indexed.readBlob('data', id)))
        texts.set(key, Buffer.concat(parts).toString('utf8'))
      }
      contents.add(texts.get(key) as string)
    }
  }
  return contents
}
