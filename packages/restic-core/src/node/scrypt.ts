import * as crypto from 'node:crypto'
import { MiB } from '../base/bytes.ts'
import type { Kernel, ScryptCost } from '../kernel/kernel.ts'
import { portableScrypt, scryptMemory } from '../portable/scrypt.ts'
import type { TaskPool } from '../work/pool.ts'
import { plainBytes } from './plain-bytes.ts'

type ScryptArguments = Parameters<Kernel['scrypt']>

/** On the thread that asks. */
export const scrypt: Kernel['scrypt'] = (password, salt, cost, length) => {
  if (isBeyondOpenssl(cost)) return portableScrypt(password, salt, cost, length)
  return plainBytes(crypto.scryptSync(password, salt, length, scryptOptions(cost)))
}

/** On a thread of Node's own. */
async function scryptBeside(
  ...[password, salt, cost, length]: ScryptArguments
): Promise<Uint8Array> {
  if (isBeyondOpenssl(cost)) return portableScrypt(password, salt, cost, length)
  return new Promise((resolve, reject) => {
    crypto.scrypt(password, salt, length, scryptOptions(cost), (error, derived) => {
      if (error) reject(error)
      else resolve(plainBytes(derived))
    })
  })
}

/** OpenSSL keeps to RFC 7914, which wants N below 2^(16 r); restic takes any. */
function isBeyondOpenssl({ N, r }: ScryptCost): boolean {
  return Math.log2(N) >= 16 * r
}

function scryptOptions(cost: ScryptCost): crypto.ScryptOptions {
  const { N, r, p } = cost
  return { N, r, p, maxmem: scryptMemory(cost) }
}

/** Each goes through its share of the blocks two at a time, in 64 MiB at the cost that restic writes. */
const threadsMax = 2
const memoryMax: number = 2 * 66 * MiB
/** N · r · p that takes a tenth of a second; for less it does not pay to start threads. */
const sharedWorkMin: number = 2 ** 19

/**
 * On the threads of a pool, which share the p blocks, where that is quicker than OpenSSL's going
 * through them one after the other.
 */
export async function scryptOn(pool: TaskPool, ...args: ScryptArguments): Promise<Uint8Array> {
  const [password, salt, cost, length] = args
  const { N, r, p } = cost
  const threads = Math.min(pool.size, threadsMax)
  const memory = 2 * threads * scryptMemory({ N, r, p: 1 })
  const isShared = threads > 1 && p > 2 && N * r * p >= sharedWorkMin && memory <= memoryMax
  if (!isShared) return scryptBeside(...args)
  const blocks = crypto.pbkdf2Sync(password, salt, 1, 128 * r * p, 'sha256')
  // Even shares, but for the last: one block takes as long as two.
  const shareLength = 128 * r * 2 * Math.ceil(p / 2 / threads)
  const shares = Array.from(
    { length: Math.ceil(blocks.length / shareLength) },
    (_, share) => new Uint8Array(blocks.subarray(share * shareLength, (share + 1) * shareLength)),
  )
  try {
    const mixed = await Promise.all(
      shares.map((share) => pool.run('mixScrypt', { blocks: share, cost: { N, r } })),
    )
    return plainBytes(crypto.pbkdf2Sync(password, Buffer.concat(mixed), 1, length, 'sha256'))
  } catch {
    // No vector instructions, no memory, no threads: OpenSSL needs none of them.
    return scryptBeside(...args)
  }
}
