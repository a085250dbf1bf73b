import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { MiB, toHex } from '../base/bytes.ts'
import { BlobClaims } from '../work/blob-claims.ts'
import { BlobTable } from '../work/blob-table.ts'
import { inlinePool } from '../work/inline-pool.ts'
import type { SealedBlobs, StoreSettings } from '../work/jobs/store-settings.ts'
import { type TaskPool, partsAheadMax } from '../work/pool.ts'
import { nodeFileAccess } from './file-access.ts'
import { nodeKernel } from './kernel.ts'
import { nodeRandom } from './random.ts'
import { threadPool } from './thread-pool.ts'

const folder = mkdtempSync(join(tmpdir(), 'thread-pool-'))
afterAll(() => rmSync(folder, { recursive: true }))

function settings(): StoreSettings {
  return {
    key: { encrypt: nodeRandom(32), macK: nodeRandom(16), macR: nodeRandom(16) },
    polynomial: 0x3da3358b4dc173n,
    known: BlobTable.build([]).shared,
    claims: BlobClaims.create(1000).shared,
    level: undefined,
    verify: true,
  }
}

/** A file of bytes that no two places share. */
function file(name: string, size: number): string {
  const path = join(folder, name)
  const bytes = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) bytes.set(nodeRandom(Math.min(65_536, size - at)), at)
  writeFileSync(path, bytes)
  return path
}

const inline = async (): Promise<TaskPool> =>
  inlinePool({ kernel: await nodeKernel(), files: nodeFileAccess(), random: nodeRandom })

describe.each([
  ['threadPool', async () => threadPool({ size: 2 })],
  ['inlinePool', inline],
])('%s', (_, create) => {
  it('stores files and hands over every blob once', async () => {
    await using pool = await create()
    const paths = [file('a', 100), file('b', 3 * MiB), file('c', 0)]
    const parts: SealedBlobs[] = []
    const onPart = (part: SealedBlobs): void => void parts.push(part)
    const stored = await pool.run('storeFiles', { settings: settings(), paths }, { onPart })
    expect([...stored.sizes]).toEqual([100, 3 * MiB, 0])
    expect([...stored.stable]).toEqual([1, 1, 1])
    expect(stored.blobCounts[0]).toBe(1)
    expect(stored.blobCounts[2]).toBe(0)
    expect(parts.map(({ ids }) => toHex(ids)).join('')).toBe(toHex(stored.content))
  })

  it('runs jobs when it was prepared for them', async () => {
    await using pool = await create()
    pool.prepare()
    pool.prepare()
    const paths = ['p0', 'p1', 'p2', 'p3', 'p4'].map((name, at) => file(name, 100 + at))
    const runs = paths.map((path) =>
      pool.run('storeFiles', { settings: settings(), paths: [path] }),
    )
    const sizes = (await Promise.all(runs)).flatMap((stored) => [...stored.sizes])
    expect(sizes).toEqual(paths.map((path) => 100 + paths.indexOf(path)))
  })

  it('tells which file could not be read, and goes on with the others', async () => {
    await using pool = await create()
    const paths = [join(folder, 'none'), file('d', 10)]
    const { errors, sizes, blobCounts } = await pool.run('storeFiles', {
      settings: settings(),
      paths,
    })
    expect([...errors.keys()]).toEqual([0])
    expect(errors.get(0)).toMatchObject({ code: 'SOURCE', reason: 'not-found' })
    expect([...sizes]).toEqual([0, 10])
    expect([...blobCounts]).toEqual([0, 1])
  })

  it('rejects with the class of the error a job threw', async () => {
    await using pool = await create()
    const input = { settings: settings(), path: join(folder, 'none'), start: 0, lengths: [1] }
    await expect(pool.run('storeRanges', input)).rejects.toMatchObject({
      code: 'SOURCE',
      reason: 'not-found',
      isResticError: true,
    })
  })

  it('rejects with what the receiver of parts threw, and stops the job', async () => {
    await using pool = await create()
    const failure = new Error('no room')
    let parts = 0
    const run = pool.run(
      'storeFiles',
      { settings: settings(), paths: [file('e', 40 * MiB)] },
      {
        onPart: () => {
          parts++
          throw failure
        },
      },
    )
    await expect(run).rejects.toBe(failure)
    expect(parts).toBeLessThan(40)
    const again = await pool.run('storeFiles', { settings: settings(), paths: [file('f', 1)] })
    expect([...again.sizes]).toEqual([1])
  })

  it('rejects with the reason of the signal, and takes the next job', async () => {
    await using pool = await create()
    const stop = new AbortController()
    const run = pool.run(
      'storeFiles',
      { settings: settings(), paths: [file('g', 40 * MiB)] },
      { signal: stop.signal, onPart: () => stop.abort(new Error('enough')) },
    )
    await expect(run).rejects.toThrow('enough')
    const again = await pool.run('storeFiles', { settings: settings(), paths: [file('h', 1)] })
    expect([...again.sizes]).toEqual([1])
  })
})

describe('threadPool', () => {
  it('leaves the bytes of a part alone until its receiver is done with them', async () => {
    await using pool = threadPool({ size: 1 })
    let inHand = 0
    let most = 0
    let parts = 0
    const run = pool.run(
      'storeFiles',
      { settings: settings(), paths: [file('large', 80 * MiB)] },
      {
        onPart: async (part) => {
          parts++
          inHand++
          most = Math.max(most, inHand)
          const before = Uint8Array.from(part.sealed)
          await setTimeout(20)
          expect(Buffer.compare(before, part.sealed)).toBe(0)
          inHand--
        },
      },
    )
    await run
    expect(parts).toBeGreaterThan(8)
    expect(most).toBe(partsAheadMax + 1)
  })

  it('reports a thread that dies as an error, and replaces it', async () => {
    await using pool = threadPool({ size: 1, entry: { source: 'process.exit(3)' } })
    const paths = [join(folder, 'any')]
    for (let time = 0; time < 2; time++) {
      const run = pool.run('storeFiles', { settings: settings(), paths })
      await expect(run).rejects.toThrow('worker thread ended while it had a job')
    }
  })

  it('reports why a thread died', async () => {
    const source = 'setTimeout(() => { throw new Error("out of luck") }, 5)'
    await using pool = threadPool({ size: 1, entry: { source } })
    const run = pool.run('storeFiles', { settings: settings(), paths: [] })
    await expect(run).rejects.toThrow('a worker thread died: out of luck')
  })

  it('rejects what waits when it is disposed', async () => {
    const pool = threadPool({ size: 1 })
    const paths = [file('i', 8 * MiB)]
    const runs = [1, 2].map(() => pool.run('storeFiles', { settings: settings(), paths }))
    const outcomes = Promise.allSettled(runs)
    await pool[Symbol.asyncDispose]()
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
