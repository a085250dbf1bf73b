import type { Clock } from '../base/clock.ts'
import { fixedClock } from '../base/clock.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import type { FileAccess } from '../work/files.ts'
import { inlinePool } from '../work/inline-pool.ts'
import type { ProcessIdentity, Runtime } from '../work/runtime.ts'
import { noise } from './sample-files.ts'

export interface TestRuntimeOptions {
  /** The same seed draws the same keys and nonces. */
  readonly seed?: number
  readonly clock?: Clock
  /** One that the test made, and may share. */
  readonly kernel?: Kernel
  readonly files?: FileAccess
  readonly identity?: Partial<ProcessIdentity>
  readonly isProcessAlive?: (pid: number) => boolean
}

/** Those of runtimes that are disposed of: making one takes milliseconds and much memory. */
const idleKernels = new Set<Kernel>()

async function takeKernel(): Promise<Kernel> {
  for (const kernel of idleKernels) {
    idleKernels.delete(kernel)
    return kernel
  }
  return nodeKernel()
}

/** Everything a session needs, on this thread, and the same at every run. */
export async function testRuntime(options: TestRuntimeOptions = {}): Promise<Runtime> {
  const { seed = 1, clock = fixedClock(1_700_000_000_123_456_789n) } = options
  const { files = noFiles, isProcessAlive = () => true } = options
  const kernel = options.kernel ?? (await takeKernel())
  let drawn = seed * 1_000_003
  const random = (length: number): Uint8Array => noise(length, drawn++)
  const pool = inlinePool({ kernel, files, random })
  return {
    kernel,
    scrypt: async (...args) => kernel.scrypt(...args),
    pool,
    clock,
    random,
    identity: {
      hostname: 'lab',
      username: 'ada',
      pid: 4711,
      uid: 1000,
      gid: 100,
      ...options.identity,
    },
    isProcessAlive,
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]()
      if (options.kernel === undefined) idleKernels.add(kernel)
    },
  }
}

const noFiles = new Proxy({} as FileAccess, {
  get: (_, name) => () => {
    throw new TypeError(`this test gave no files to ${String(name)}`)
  },
})
