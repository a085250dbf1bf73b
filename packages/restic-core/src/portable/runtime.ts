import { fixedClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { UnsupportedError } from '../base/errors.ts'
import type { FileAccess } from '../work/files.ts'
import { inlinePool } from '../work/inline-pool.ts'
import type { ProcessIdentity, Runtime } from '../work/runtime.ts'
import { portableKernel } from './kernel.ts'

export interface PortableOptions {
  /** Where jobs find files; without it only repositories are read and written. */
  readonly files?: FileAccess | undefined
  readonly clock?: Clock | undefined
  /** Who takes locks. Without it nobody can tell whether the holder of a lock still runs. */
  readonly identity?: ProcessIdentity | undefined
}

/** Compute in WebAssembly and plain JavaScript, on the caller's own thread: for any platform. */
export async function portableRuntime(options: PortableOptions = {}): Promise<Runtime> {
  const kernel = await portableKernel()
  const { files = noFiles, clock = utcClock(), identity = nobody } = options
  const pool = inlinePool({ kernel, files, random: webRandom })
  return {
    kernel,
    scrypt: async (...args) => kernel.scrypt(...args),
    pool,
    clock,
    random: webRandom,
    identity,
    // A process that cannot be asked counts as running: its lock is not ours to remove.
    isProcessAlive: () => true,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

export { portableRuntime as defaultRuntime }

function webRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

function utcClock(): Clock {
  return { ...fixedClock(0n), nowNs: () => BigInt(Date.now()) * 1_000_000n }
}

const nobody: ProcessIdentity = { hostname: '', username: '', pid: 0, uid: 0, gid: 0 }

const noFiles: FileAccess = {
  openForReading: () => refuse(),
  openForWriting: () => refuse(),
  create: () => refuse(),
}

function refuse(): never {
  throw new UnsupportedError('this platform gives the library no files', {
    hint: 'Pass `files` to portableRuntime.',
  })
}
