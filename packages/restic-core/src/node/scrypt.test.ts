import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../base/bytes.ts'
import type { TaskPool } from '../work/pool.ts'
import { type ScryptPlace, scrypt, scryptOn } from './scrypt.ts'
import { threadPool } from './thread-pool.ts'

const password = new TextEncoder().encode('a password')
const salt = new Uint8Array(64).fill(3)

/** Counts the jobs that a pool is given. */
function counting(pool: TaskPool): { readonly pool: TaskPool; readonly jobs: string[] } {
  const jobs: string[] = []
  return {
    jobs,
    pool: {
      size: pool.size,
      isIdle: pool.isIdle,
      prepare: (count) => pool.prepare(count),
      run: (kind, input, options) => {
        jobs.push(kind)
        return pool.run(kind, input, options)
      },
      [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
    },
  }
}

const on = (pool: TaskPool): ScryptPlace => ({ pool, isMemoryDear: () => false })

describe('scrypt on the threads of a pool', () => {
  let threads: TaskPool
  beforeAll(() => {
    threads = threadPool({ size: 4 })
  })
  afterAll(() => threads[Symbol.asyncDispose]())

  it.each([
    [3, 1],
    [4, 2],
    [7, 2],
    [9, 2],
  ])('shares restic’s cost with a p of %i in %i shares', async (p, shares) => {
    const { pool, jobs } = counting(threads)
    const cost = { N: 32_768, r: 8, p }
    const derived = await scryptOn(on(pool), password, salt, cost, 64)
    expect(toHex(derived)).toBe(toHex(scrypt(password, salt, cost, 64)))
    expect(Object.getPrototypeOf(derived)).toBe(Uint8Array.prototype)
    expect(jobs).toEqual(Array.from({ length: shares }, () => 'mixScrypt'))
  })

  it('derives what the kernel derives, at any cost', async () => {
    const cost = fc.record({
      N: fc.integer({ min: 1, max: 16 }).map((bits) => 2 ** bits),
      r: fc.integer({ min: 1, max: 9 }),
      p: fc.integer({ min: 1, max: 12 }),
    })
    const anything = fc.uint8Array({ maxLength: 70 })
    await fc.assert(
      fc.asyncProperty(anything, anything, cost, async (secret, seasoning, some) => {
        fc.pre(some.N * some.r * some.p < 2 ** 21)
        const derived = await scryptOn(on(threads), secret, seasoning, some, 48)
        expect(toHex(derived)).toBe(toHex(scrypt(secret, seasoning, some, 48)))
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['so little work', { N: 1024, r: 8, p: 3 }],
    ['two blocks', { N: 65_536, r: 8, p: 2 }],
    ['so much memory', { N: 65_536, r: 16, p: 3 }],
    ['so many blocks', { N: 64, r: 8, p: 1100 }],
    ['an N that RFC 7914 finds too large for its r', { N: 65_536, r: 1, p: 1 }],
  ])('leaves the pool alone for %s', async (_, cost) => {
    const { pool, jobs } = counting(threads)
    const derived = await scryptOn(on(pool), password, salt, cost, 64)
    expect(toHex(derived)).toBe(toHex(scrypt(password, salt, cost, 64)))
    expect(jobs).toEqual([])
  })

  it('leaves a pool of one thread alone', async () => {
    await using one = threadPool({ size: 1 })
    const { pool, jobs } = counting(one)
    const cost = { N: 32_768, r: 8, p: 3 }
    const derived = await scryptOn(on(pool), password, salt, cost, 64)
    expect(toHex(derived)).toBe(toHex(scrypt(password, salt, cost, 64)))
    expect(jobs).toEqual([])
  })

  it('leaves the pool alone where memory is dear', async () => {
    const { pool, jobs } = counting(threads)
    const cost = { N: 32_768, r: 8, p: 3 }
    const derived = await scryptOn({ pool, isMemoryDear: () => true }, password, salt, cost, 64)
    expect(toHex(derived)).toBe(toHex(scrypt(password, salt, cost, 64)))
    expect(jobs).toEqual([])
  })

  it('leaves a pool alone that has other jobs', async () => {
    const cost = { N: 32_768, r: 8, p: 4 }
    const first = scryptOn(on(threads), password, salt, cost, 64)
    const { pool, jobs } = counting(threads)
    const second = scryptOn(on(pool), password, salt, cost, 64)
    expect(toHex(await second)).toBe(toHex(await first))
    expect(jobs).toEqual([])
  })

  it('goes without threads when they fail', async () => {
    const cost = { N: 32_768, r: 8, p: 3 }
    const broken: TaskPool = {
      ...counting(threads).pool,
      run: () => Promise.reject(new Error('a worker thread died: no memory')),
    }
    const derived = await scryptOn(on(broken), password, salt, cost, 64)
    expect(toHex(derived)).toBe(toHex(scrypt(password, salt, cost, 64)))
  })

  it('lets others have their turn meanwhile', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await scryptOn(on(threads), password, salt, { N: 32_768, r: 8, p: 1 }, 64)
    const alone = turns
    await scryptOn(on(threads), password, salt, { N: 32_768, r: 8, p: 4 }, 64)
    clearInterval(timer)
    expect(alone).toBeGreaterThan(0)
    expect(turns).toBeGreaterThan(alone)
  })
})
