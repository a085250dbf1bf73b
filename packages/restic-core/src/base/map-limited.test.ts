import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapLimited } from './map-limited.ts'

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const result of results) collected.push(result)
  return collected
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('mapLimited', () => {
  it('keeps the order and the limit, however long each takes', async () => {
    const delays = fc.array(fc.nat(4), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 5 }), async (items, limit) => {
        let running = 0
        let most = 0
        const results = mapLimited(items, limit, async (delay) => {
          most = Math.max(most, ++running)
          await turns(delay)
          running--
          return delay
        })
        expect(await collect(results)).toEqual(items)
        expect(most).toBeLessThanOrEqual(limit)
      }),
    )
  })

  it('starts nothing before it is asked, and little before it is read', async () => {
    let started = 0
    const results = mapLimited(Array.from({ length: 100 }), 3, async () => ++started)
    await turns(2)
    expect(started).toBe(0)
    await results.next()
    await turns(2)
    expect(started).toBe(3)
  })

  it('throws the first failure in order, when the others have ended', async () => {
    let ended = 0
    const work = async (item: number, signal: AbortSignal): Promise<number> => {
      if (item === 1) throw new Error('one')
      await turns(3)
      ended++
      signal.throwIfAborted()
      return item
    }
    await expect(collect(mapLimited([0, 1, 2, 3], 3, work))).rejects.toThrow('one')
    // 3 began when 0 had been read.
    expect(ended).toBe(3)
  })

  it('aborts what runs when its reader leaves', async () => {
    const signals: AbortSignal[] = []
    for await (const item of mapLimited([1, 2, 3], 2, async (value, signal) => {
      signals.push(signal)
      return value
    })) {
      expect(item).toBe(1)
      break
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  it('ends with the reason of the caller, also when all work is done', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const reading = async (): Promise<void> => {
      const results = mapLimited([1, 2], 5, async (item) => item, { signal: stop.signal })
      for await (const _ of results) stop.abort(reason)
    }
    await expect(reading()).rejects.toBe(reason)
  })
})
