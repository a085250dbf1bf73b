import { describe, expect, it } from 'vitest'
import { BackendError } from '../base/errors.ts'
import {
  countingBackend,
  failFrom,
  failOn,
  faultyBackend,
  noise,
  pseudoRandom,
  sampleFile,
  type FaultPlan,
} from '../testing/index.ts'
import type { Backend } from './backend.ts'
import { memoryBackend } from './memory.ts'
import { overriding } from './request.ts'
import { retry, type RetryEvent } from './retry.ts'

const pack = sampleFile('pack', [noise(100, 1)])

/** A world whose time passes only by waiting, and the retries seen in it. */
function testWorld(seed: number) {
  const next = pseudoRandom(seed)
  const events: RetryEvent[] = []
  const waits: number[] = []
  let nowNs = 0n
  return {
    events,
    waits,
    clock: { nowNs: () => nowNs },
    random: (length: number) => Uint8Array.from({ length }, () => next() >>> 24),
    wait: async (ms: number) => {
      waits.push(ms)
      nowNs += BigInt(Math.round(ms * 1e6))
    },
    onEvent: (event: RetryEvent) => events.push(event),
    pass: (ms: number) => {
      nowNs += BigInt(ms) * 1_000_000n
    },
  }
}

/** @param onWait what others do to the store in the nth pause, from 1 */
function setUp(
  plan: FaultPlan,
  inner: Backend = memoryBackend(),
  onWait: (nth: number) => Promise<void> = async () => {},
) {
  const world = testWorld(7)
  const counting = countingBackend(faultyBackend(inner, plan))
  const wait = async (ms: number): Promise<void> => {
    await world.wait(ms)
    await onWait(world.waits.length)
  }
  return { world, inner, counting, backend: retry(world, { ...world, wait })(counting) }
}

describe('retry', () => {
  it('repeats what may pass and reports it', async () => {
    const { backend, world, inner } = setUp({ stat: failFrom(1), write: { pack: failOn(1) } })
    await inner.write(pack.file, pack.body)
    const { backend: reading, world: readingWorld } = setUp({ read: failOn(1) }, inner)
    expect(await reading.read(pack.file)).toEqual(pack.content)
    expect(readingWorld.events).toMatchObject([
      { type: 'retry', attempt: 1, request: { operation: 'read', file: pack.file } },
      { type: 'recovered', retries: 1 },
    ])
    await expect(backend.stat(pack.file)).rejects.toMatchObject({ reason: 'unavailable' })
    expect(world.events.length).toBeGreaterThan(10)
  })

  it('waits 1 s, then twice as long each time up to 60 s, each half less to half more', async () => {
    const { backend, world } = setUp({ stat: failFrom(1) })
    await expect(backend.stat(pack.file)).rejects.toThrow('planned fault')
    const bases = world.waits.map((_, at) => Math.min(1000 * 2 ** at, 60_000))
    for (const [at, wait] of world.waits.entries()) {
      expect(wait / (bases[at] ?? 0)).toBeGreaterThanOrEqual(0.5)
      expect(wait / (bases[at] ?? 0)).toBeLessThan(1.5)
    }
    expect(new Set(world.waits.map((wait, at) => wait / (bases[at] ?? 0))).size).toBeGreaterThan(9)
    const total = world.waits.reduce((sum, wait) => sum + wait, 0)
    expect(total).toBeGreaterThan(13 * 60_000)
    expect(total).toBeLessThanOrEqual(15 * 60_000)
  })

  it('tries once more even when the first attempt took all of the time', async () => {
    const world = testWorld(8)
    let attempts = 0
    const slow = overriding(memoryBackend(), {
      stat: async () => {
        attempts++
        world.pass(20 * 60_000)
        throw new BackendError('slow', 'unavailable')
      },
    })
    await expect(retry(world, world)(slow).stat(pack.file)).rejects.toThrow('slow')
    expect(attempts).toBe(2)
  })

  it.each(['not-found', 'denied', 'short-read', 'refused', 'full'] as const)(
    'does not repeat what is permanent: %s',
    async (reason) => {
      const { backend, counting, world } = setUp({ any: failFrom(1, reason) })
      await expect(backend.stat(pack.file)).rejects.toMatchObject({ reason })
      await expect(backend.read(pack.file)).rejects.toMatchObject({ reason })
      await expect(backend.write(pack.file, pack.body)).rejects.toMatchObject({ reason })
      await expect(backend.remove(pack.file)).rejects.toMatchObject({ reason })
      await expect(backend.create()).rejects.toMatchObject({ reason })
      expect(Object.values(counting.counts()).every(({ requests }) => requests === 1)).toBe(true)
      expect(world.waits).toEqual([])
    },
  )

  it('does not repeat what is no BackendError', async () => {
    const { backend, world } = setUp({ read: failFrom(1, new TypeError('a bug')) })
    await expect(backend.read(pack.file)).rejects.toThrow(TypeError)
    expect(world.waits).toEqual([])
  })

  it('stops waiting when it is cancelled', async () => {
    const { inner } = setUp({})
    const world = testWorld(9)
    const backend = retry(world)(faultyBackend(inner, { read: failFrom(1) }))
    const stop = new AbortController()
    const why = new Error('stop it')
    const reading = backend.read(pack.file, { signal: stop.signal })
    setTimeout(() => stop.abort(why), 5)
    await expect(reading).rejects.toBe(why)
  })

  it('ends a read at once that ran out of retries within the hour', async () => {
    const { backend, counting, world, inner } = setUp({ read: { pack: failFrom(1) } })
    await inner.write(pack.file, pack.body)
    await expect(backend.read(pack.file)).rejects.toThrow('planned fault')
    const tried = counting.requests('read')
    await expect(backend.read(pack.file)).rejects.toThrow('planned fault')
    expect(counting.requests('read')).toBe(tried)
    world.pass(60 * 60_000)
    await expect(backend.read(pack.file)).rejects.toThrow('planned fault')
    expect(counting.requests('read')).toBeGreaterThan(tried)
  })

  it('goes on with a listing that broke, telling each file once', async () => {
    const inner = memoryBackend()
    const files = [1, 2, 3, 4, 5].map((seed) => sampleFile('index', [noise(40, seed)]))
    for (const { file, body } of files) await inner.write(file, body)
    let listings = 0
    const breaking = overriding(inner, {
      async *list(type, options) {
        const breaksAfter = listings++ === 0 ? 2 : listings === 2 ? 4 : Infinity
        let told = 0
        for await (const info of inner.list(type, options)) {
          if (told++ === breaksAfter) throw new BackendError('broke', 'unavailable')
          yield info
        }
      },
    })
    const world = testWorld(10)
    const names: string[] = []
    for await (const { name } of retry(world, world)(breaking).list('index')) names.push(name)
    expect(names.toSorted()).toEqual(files.map(({ file }) => file.name).toSorted())
    expect(listings).toBe(3)
  })
})

describe('retry of an upload', () => {
  it('takes a file that arrived for a success when the answer got lost', async () => {
    const plan = { write: { pack: failOn(1, 'unavailable', 'after') } }
    const { backend, counting, inner } = setUp(plan)
    await backend.write(pack.file, pack.body)
    expect(await inner.read(pack.file)).toEqual(pack.content)
    expect(counting.requests('write')).toBe(1)
    expect(counting.requests('remove')).toBe(0)
  })

  it('sends the file again when it did not arrive', async () => {
    const { backend, counting, inner } = setUp({ write: { pack: failOn(1) } })
    await backend.write(pack.file, pack.body)
    expect(await inner.read(pack.file)).toEqual(pack.content)
    expect(counting.requests('write')).toBe(2)
  })

  it('waits for a server to drop the half it holds, and deletes nothing itself', async () => {
    const inner = memoryBackend()
    const plan = { write: { pack: failOn(1, 'unavailable', 'cut') } }
    const { backend, counting, world } = setUp(plan, inner, async (nth) => {
      if (nth === 4) await inner.remove(pack.file)
    })
    await backend.write(pack.file, pack.body)
    expect(await inner.read(pack.file)).toEqual(pack.content)
    expect(counting.requests('remove')).toBe(0)
    expect(world.waits.length).toBe(4)
  })

  it('gives up on a half that stays, with advice, and leaves it', async () => {
    const inner = memoryBackend()
    const plan = { write: { pack: failOn(1, 'unavailable', 'cut') } }
    const { backend, counting } = setUp(plan, inner)
    await expect(backend.write(pack.file, pack.body)).rejects.toMatchObject({
      reason: 'refused',
      hint: expect.stringContaining('unfinished'),
    })
    expect((await inner.stat(pack.file)).size).toBe(50)
    expect(counting.requests('remove')).toBe(0)
  })

  it('does not believe a server that took the file away after it said yes', async () => {
    const inner = memoryBackend()
    let writes = 0
    const forgetful = overriding(inner, {
      async write(file, body, options) {
        writes++
        if (writes === 1) throw new BackendError('cut', 'unavailable')
        await inner.write(file, body, options)
        // rest-server issue 142: the end of the first attempt removes what the second stored.
        if (writes === 2) await inner.remove(file)
      },
    })
    const world = testWorld(11)
    await retry(world, world)(forgetful).write(pack.file, pack.body)
    expect(writes).toBe(3)
    expect(await inner.read(pack.file)).toEqual(pack.content)
  })

  it('does not take the config of another for its own', async () => {
    const inner = memoryBackend()
    const { backend } = setUp({ write: { config: failOn(1) } }, inner, async (nth) => {
      if (nth === 1) await inner.write({ type: 'config' }, [noise(155, 20)])
    })
    const ours = backend.write({ type: 'config' }, [noise(155, 21)])
    await expect(ours).rejects.toMatchObject({ reason: 'refused' })
    expect(await backend.read({ type: 'config' })).toEqual(noise(155, 20))
  })

  it('takes its own config for its own', async () => {
    const plan = { write: { config: failOn(1, 'unavailable', 'after') } }
    const { backend, inner } = setUp(plan)
    await backend.write({ type: 'config' }, [noise(155, 22)])
    expect(await inner.read({ type: 'config' })).toEqual(noise(155, 22))
  })
})

describe('retry of a removal', () => {
  it('is a success when the first attempt had worked', async () => {
    const { backend, inner } = setUp({ remove: failOn(1, 'unavailable', 'after') })
    await inner.write(pack.file, pack.body)
    await backend.remove(pack.file)
    await expect(backend.remove(pack.file)).rejects.toMatchObject({ reason: 'not-found' })
  })
})
