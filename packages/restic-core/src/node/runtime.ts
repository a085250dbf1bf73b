import type { Runtime } from '../work/runtime.ts'
import { systemClock } from './clock.ts'
import { isProcessAlive, processIdentity } from './identity.ts'
import { nodeKernel } from './kernel.ts'
import { isMemoryDear } from './memory-cost.ts'
import { nodeRandom } from './random.ts'
import { scryptOn } from './scrypt.ts'
import { threadPool } from './thread-pool.ts'

/**
 * Node's answers: its own crypto and zstd where it has them, and worker threads.
 *
 * @param options.threads how many jobs run at once; the number of processors unless given
 */
export async function nodeRuntime(
  options: { readonly threads?: number | undefined } = {},
): Promise<Runtime> {
  const kernel = await nodeKernel()
  const pool = threadPool({ size: options.threads })
  return {
    kernel,
    scrypt: (...args) => scryptOn({ pool, isMemoryDear }, ...args),
    pool,
    clock: systemClock(),
    random: nodeRandom,
    identity: processIdentity(),
    isProcessAlive,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

export { nodeRuntime as defaultRuntime }
