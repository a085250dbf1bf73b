import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget, eachLimited } from './concurrency.ts'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function* brokenItems(): AsyncGenerator<number, void> {
  yield 1
  throw new Error('no more items')
}

describe('eachLimited', () => {
  it('does everything, and never more at once than the limit', async () => {
    const delays = fc.array(fc.nat(4), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 5 }), async (items, limit) => {
        let running = 0
        let done = 0
        await eachLimited(items, limit, async (delay) => {
          expect(++running).toBeLessThanOrEqual(limit)
          await turns(delay)
          running--
          done++
        })
        expect(done).toBe(items.length)
      }),
    )
  })

  it('throws the first failure when the others, who were told, have ended', async () => {
    const first = new Error('first')
    const told: unknown[] = []
    const work = async (item: number, signal: AbortSignal): Promise<void> => {
      await turns(item)
      if (item === 1) throw first
      await turns(5)
      told.push(signal.reason)
      throw new Error('later')
    }
    await expect(eachLimited([3, 1, 2, 9], 3, work)).rejects.toBe(first)
    expect(told).toEqual([first, first])
  })

  it('begins nothing more when it is cancelled, and ends with the reason', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const begun: number[] = []
    const work = async (item: number): Promise<void> => {
      begun.push(item)
      if (item === 2) stop.abort(reason)
    }
    await expect(eachLimited([1, 2, 3], 1, work, { signal: stop.signal })).rejects.toBe(reason)
    expect(begun).toEqual([1, 2])
  })

  it('ends with what its items end with', async () => {
    await expect(eachLimited(brokenItems(), 2, async () => {})).rejects.toThrow('no more items')
  })
})

describe('Budget', () => {
  it('serves in the order of arrival, and a small amount does not overtake a large one', async () => {
    const budget = new Budget(10)
    const served: number[] = []
    const take = async (amount: number): Promise<void> => {
      await budget.take(amount)
      served.push(amount)
    }
    await take(6)
    const waiting = [take(7), take(1)]
    await turns(1)
    expect(served).toEqual([6])
    budget.give(6)
    await Promise.all(waiting)
    expect(served).toEqual([6, 7, 1])
    expect(budget.used).toBe(8)
  })

  it('gives more than it has to one alone', async () => {
    const budget = new Budget(10)
    await budget.take(25)
    const waiting = budget.take(1)
    await turns(1)
    expect(budget.used).toBe(25)
    budget.give(25)
    await waiting
    expect(budget.used).toBe(1)
  })

  it('lets those behind pass when one who waits is cancelled', async () => {
    const budget = new Budget(10)
    await budget.take(8)
    const stop = new AbortController()
    const reason = new Error('enough')
    const large = budget.take(9, { signal: stop.signal })
    const small = budget.take(2)
    stop.abort(reason)
    await expect(large).rejects.toBe(reason)
    await small
    expect(budget.used).toBe(10)
    await expect(budget.take(1, { signal: stop.signal })).rejects.toBe(reason)
  })
})
