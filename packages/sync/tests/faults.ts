import { type Backend, BackendError, type TargetTree } from 'restic-core'
import type { FolderFiles } from '../src/files/folder-files.ts'

/** A machine that dies: after it, no call does anything any more. */
export class Died extends Error {
  constructor(at: string) {
    super(`the machine died at ${at}`)
    this.name = 'Died'
  }
}

/** Counts the calls that change something, and lets one of them be the last. */
export class Fate {
  readonly calls: string[] = []
  /** the call that is carried out and then nothing more; Infinity: none */
  readonly lastCall: number
  /** whether what the last call writes is only half written */
  readonly isTorn: boolean
  /** what the last call was */
  last = ''
  #isDead = false

  constructor(lastCall = Infinity, isTorn = false) {
    this.lastCall = lastCall
    this.isTorn = isTorn
  }

  get isDead(): boolean {
    return this.#isDead
  }

  check(): void {
    if (this.#isDead) throw new Died(this.last)
  }

  /** Whether this call is the last one. */
  call(name: string): boolean {
    this.check()
    this.calls.push(name)
    this.last = `${this.calls.length} ${name}`
    return this.calls.length >= this.lastCall
  }

  die(): never {
    this.#isDead = true
    throw new Died(this.last)
  }
}

const changing = new Set(
  'create claim copy rename remove makeFolder removeFolder makeSymlink setModified flushFile flushFolder'.split(
    ' ',
  ),
)

/** The folder of a machine with a fate. Its lock is left out: its heartbeat has its own time. */
export function fatedFiles(files: FolderFiles, fate: Fate): FolderFiles {
  return new Proxy(files, {
    get(target, name: keyof FolderFiles) {
      const method = target[name]
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        const run = method as (...given: unknown[]) => unknown
        const isLock = typeof args[0] === 'string' && args[0].startsWith('.cloud-sync/lock')
        if (!changing.has(name) || isLock) {
          fate.check()
          return run.apply(target, args)
        }
        return fatedCall(target, name, args, fate)
      }
    },
  })
}

async function fatedCall(
  files: FolderFiles,
  name: string,
  args: unknown[],
  fate: Fate,
): Promise<unknown> {
  const isLast = fate.call(`${name} ${String(args[0])}`)
  const run = files[name as keyof FolderFiles] as (...given: unknown[]) => unknown
  if (isLast && fate.isTorn && name === 'create') {
    const [path, content, permissions] = args as [string, Uint8Array, number]
    await files.create(path, content.subarray(0, content.length >> 1), permissions)
    fate.die()
  }
  const result = await run.apply(files, args)
  if (isLast) fate.die()
  return result
}

export function fatedTarget(target: TargetTree, fate: Fate): TargetTree {
  return new Proxy(target, {
    get(inner, name: keyof TargetTree) {
      const method = inner[name] as unknown
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        const run = method as (...given: unknown[]) => unknown
        if (!/^(?:make|create|prepare|set|remove|write)/.test(name)) return run.apply(inner, args)
        const isLast = fate.call(`target ${name} ${String(args[0])}`)
        const result = run.apply(inner, args)
        if (isLast) fate.die()
        return result
      }
    },
  })
}

/** A network: up, down, or about to go down; and a machine with a fate. */
export interface Network {
  isUp: boolean
}

export function fatedStore(store: Backend, fate: Fate, network: Network): Backend {
  return new Proxy(store, {
    get(inner, name: keyof Backend) {
      const method = inner[name] as unknown
      if (typeof method !== 'function' || name === Symbol.asyncDispose) {
        return typeof method === 'function' ? method.bind(inner) : method
      }
      const run = method as (...given: unknown[]) => unknown
      if (name === 'list') {
        return (...args: unknown[]) => {
          refuseWithoutNetwork(network)
          fate.check()
          return run.apply(inner, args)
        }
      }
      return async (...args: unknown[]): Promise<unknown> => {
        refuseWithoutNetwork(network)
        const isLast = fate.call(`request ${name} ${JSON.stringify(args[0])}`)
        const result = await run.apply(inner, args)
        if (isLast) fate.die()
        return result
      }
    },
  })
}

function refuseWithoutNetwork(network: Network): void {
  // Permanent, so that no test waits for a retry that cannot help.
  if (!network.isUp) {
    throw new BackendError('the network is down', 'unavailable', { permanent: true })
  }
}
