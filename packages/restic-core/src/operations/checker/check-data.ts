import { MiB } from '../../base/bytes.ts'
import type { Cancellable } from '../../base/cancel.ts'
import { Budget } from '../../base/concurrency.ts'
import { isResticError } from '../../base/errors.ts'
import type { PackId } from '../../base/id.ts'
import { mapLimited } from '../../base/map-limited.ts'
import type { PackEntry } from '../../format/pack-header.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { PackFetcher } from '../../repository/blobs/pack-fetcher.ts'
import type { CheckOptions } from './check.ts'
import type { PackSizes } from './check-packs.ts'
import type { Finding } from './findings.ts'
import { type DataSubset, choosePacks } from './subset.ts'

/** Bytes of packs that are being fetched or checked. */
const fetchedMax: number = 64 * MiB

/** Reads packs whole, on the pool. A pack with problems is read twice before it is judged. */
export async function* checkData(
  repository: IndexedRepository,
  sizes: PackSizes,
  subset: 'all' | DataSubset,
  { signal, onEvent }: CheckOptions,
): AsyncGenerator<Finding, void> {
  const { index, runtime, connections } = repository
  const packs = choosePacks(
    sizes,
    subset,
    (pack) => index.packId(pack),
    (length) => runtime.random(length),
  )
  const layout = index.byPack()
  const memory = new Budget(fetchedMax)
  const fetcher = new PackFetcher(repository)
  const checkOne = async (number: number, stop: AbortSignal): Promise<Finding | undefined> => {
    const size = sizes.get(number) as number
    const entries = layout.entries.subarray(layout.starts[number], layout.starts[number + 1])
    const indexed = Array.from(entries, (entry) => index.blob(entry))
    await memory.take(size, { signal: stop })
    try {
      const pack = { id: index.packId(number), size, indexed: indexed.toSorted(byOffset) }
      return await judgePack(repository, fetcher, pack, { signal: stop })
    } finally {
      memory.give(size)
    }
  }
  let done = 0
  onEvent?.({ type: 'checked', stage: 'data', done, total: packs.length })
  const limit = connections + runtime.pool.size
  for await (const finding of mapLimited(packs, limit, checkOne, { signal })) {
    onEvent?.({ type: 'checked', stage: 'data', done: ++done, total: packs.length })
    if (finding) yield finding
  }
}

interface IndexedPack {
  readonly id: PackId
  /** bytes */
  readonly size: number
  /** in the order of offsets */
  readonly indexed: readonly PackEntry[]
}

/** What is wrong with a pack; `isLost` when it could not even be read. */
interface PackProblem {
  readonly text: string
  readonly isLost: boolean
}

async function judgePack(
  repository: IndexedRepository,
  fetcher: PackFetcher,
  pack: IndexedPack,
  options: Cancellable,
): Promise<Finding | undefined> {
  const first = await findProblem(repository, fetcher, pack, options)
  if (first === undefined) return undefined
  const second = await findProblem(repository, fetcher, pack, options)
  const about = { severity: 'error', pack: pack.id, what: `pack ${pack.id}` } as const
  if (second === undefined) {
    const text = `check successful on second attempt, original error: ${first.text}`
    return { ...about, kind: 'pack-unsteady', text }
  }
  return { ...about, kind: second.isLost ? 'pack-lost' : 'pack-broken', text: second.text }
}

async function findProblem(
  repository: IndexedRepository,
  fetcher: PackFetcher,
  { id, size, indexed }: IndexedPack,
  { signal }: Cancellable,
): Promise<PackProblem | undefined> {
  const { masterKey, runtime } = repository
  const run = (bytes: Uint8Array): Promise<readonly string[]> =>
    runtime.pool.run('checkPack', { key: masterKey, id, bytes, indexed }, { signal })
  try {
    const problems = await fetcher.fetch(id, size, { signal }, run)
    return problems.length === 0 ? undefined : { text: problems.join('; '), isLost: false }
  } catch (error) {
    if (!isResticError(error, 'CORRUPT', 'MISSING', 'BACKEND')) throw error
    // A store that cannot be reached says nothing about this pack.
    if (isResticError(error, 'BACKEND') && !error.permanent) throw error
    return { text: error.message, isLost: true }
  }
}

function byOffset(a: PackEntry, b: PackEntry): number {
  return a.offset - b.offset
}
