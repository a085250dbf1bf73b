import * as crypto from 'node:crypto'
import { MiB, concatBytes } from '../base/bytes.ts'
import type { Kernel, ScryptCost } from '../kernel/kernel.ts'
import { portableScrypt, scryptMemory } from '../portable/scrypt.ts'
import { scryptLanes } from '../portable/scrypt-mix.ts'
import { hasWebAssembly } from '../portable/web-assembly.ts'
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

const threadsMax = 2
/** Each goes through its share three blocks at a time, in 96 MiB at the cost that restic writes. */
const memoryMax: number = threadsMax * 99 * MiB
/** N · r · p that takes a tenth of a second; for less it does not pay to start threads. */
const workMin: number = 2 ** 19
/** What comes before and after takes this thread: 10 ms for so much. */
const blocksLengthMax: number = MiB

/** Where scrypt runs. */
export interface ScryptPlace {
  readonly pool: TaskPool
  readonly isMemoryDear: () => boolean
}

/**
 * On the threads of a pool, which share the p blocks, where that is quicker than OpenSSL's going
 * through them one after the other.
 */
export async function scryptOn(place: ScryptPlace, ...args: ScryptArguments): Promise<Uint8Array> {
  const { pool } = place
  const [password, salt, cost, length] = args
  if (!isForThreads(place, cost)) return scryptBeside(...args)
  const blocks = crypto.pbkdf2Sync(password, salt, 1, 128 * cost.r * cost.p, 'sha256')
  const mixed = await mixOn(pool, blocks, cost)
  if (mixed === undefined) return scryptBeside(...args)
  return plainBytes(crypto.pbkdf2Sync(password, mixed, 1, length, 'sha256'))
}

function isForThreads({ pool, isMemoryDear }: ScryptPlace, { N, r, p }: ScryptCost): boolean {
  const memory = scryptLanes * threadsMax * scryptMemory({ N, r, p: 1 })
  const isWorthIt = p > 2 && N * r * p >= workMin
  const fits = memory <= memoryMax && 128 * r * p <= blocksLengthMax
  // Behind other jobs it would wait, for as long as those wait for whoever takes their parts.
  const areThreadsFree = hasWebAssembly && pool.size >= threadsMax && pool.isIdle
  // Three to six times the memory of OpenSSL cost more there than all else saves.
  return areThreadsFree && isWorthIt && fits && !isMemoryDear()
}

/** All blocks mixed, or undefined: no vector instructions, no memory or no threads. */
async function mixOn(
  pool: TaskPool,
  blocks: Uint8Array,
  { N, r, p }: ScryptCost,
): Promise<Uint8Array | undefined> {
  // Whole rounds to each thread: one block takes as long as three.
  const rounds = Math.ceil(p / scryptLanes)
  const shareLength = 128 * r * scryptLanes * Math.ceil(rounds / threadsMax)
  const shares = Array.from(
    { length: Math.ceil(blocks.length / shareLength) },
    (_, share) => new Uint8Array(blocks.subarray(share * shareLength, (share + 1) * shareLength)),
  )
  try {
    const mixed = await Promise.all(
      shares.map((share) => pool.run('mixScrypt', { blocks: share, cost: { N, r } })),
    )
    return concatBytes(mixed)
  } catch {
    // Whatever it was, OpenSSL needs none of it.
    return undefined
  }
}
