import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { type MemoryBackend, memoryBackend } from '../backend/memory.ts'
import type { Backend, FileInfo } from '../backend/backend.ts'
import { overriding } from '../backend/request.ts'
import type { Timer } from '../base/timer.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { failFrom, failOn, faultyBackend } from '../testing/faulty-backend.ts'
import { manualTime } from '../testing/manual-time.ts'
import { testPassword, testRepository } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { Repository } from './api.ts'
import { InitClaims } from './init-claims.ts'
import { openRepository } from './open.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await nodeKernel()
})

/** One that makes the repository, over a store with a way of its own. */
interface Maker {
  /** How many turns of the event loop its requests take, and their answers; again from the first. */
  readonly pauses: readonly number[]
  /** It dies at this request, which the store still gets or not. */
  readonly death: { readonly nth: number; readonly when: 'before' | 'after' } | undefined
}

const makers: fc.Arbitrary<Maker[]> = fc.array(
  fc.record({
    pauses: fc.array(fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: 60 })), {
      minLength: 1,
      maxLength: 30,
    }),
    death: fc.option(
      fc.record({
        nth: fc.integer({ min: 1, max: 14 }),
        when: fc.constantFrom('before', 'after'),
      }),
      { nil: undefined },
    ),
  }),
  { minLength: 2, maxLength: 4 },
)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A store whose requests and answers are on their way for a while. */
function slowBackend(inner: Backend, pauses: readonly number[]): Backend {
  let nth = 0
  const pause = (): Promise<void> => turns(pauses[nth++ % pauses.length] ?? 0)
  async function slowly<T>(run: () => Promise<T>): Promise<T> {
    await pause()
    try {
      return await run()
    } finally {
      await pause()
    }
  }
  return overriding(inner, {
    stat: (file, options) => slowly(() => inner.stat(file, options)),
    read: (file, options) => slowly(() => inner.read(file, options)),
    write: (file, body, options) => slowly(() => inner.write(file, body, options)),
    remove: (file, options) => slowly(() => inner.remove(file, options)),
    async *list(type, options) {
      await pause()
      const found: FileInfo[] = []
      for await (const file of inner.list(type, options)) found.push(file)
      await pause()
      yield* found
    },
  })
}

/** Time that passes by waiting for it, ten milliseconds in a turn. */
function waitedTime(): { readonly nowNs: () => bigint; readonly timer: Timer } {
  let nowMs = 1_700_000_000_000
  return {
    nowNs: () => BigInt(nowMs) * 1_000_000n,
    timer: {
      async sleep(ms) {
        for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 10) await turns(1)
      },
      every: () => ({ [Symbol.dispose]() {} }),
    },
  }
}

interface Made {
  readonly ending: PromiseSettledResult<Repository>
  /** how often it claimed */
  readonly claims: number
}

async function makeAtOnce(store: MemoryBackend, plans: readonly Maker[]): Promise<Made[]> {
  const { nowNs, timer } = waitedTime()
  return Promise.all(
    plans.map(async ({ pauses, death }, pid) => {
      const clock = { nowNs, utcOffset: () => 0 }
      const runtime = await testRuntime({ seed: pid + 1, kernel, clock })
      const dying = death
        ? faultyBackend(store, { any: failFrom(death.nth, 'unavailable', death.when) })
        : store
      const backend = countingBackend(slowBackend(dying, pauses))
      const [ending] = await Promise.allSettled([
        testRepository({ backend, runtime, timer, completes: true }),
      ])
      return { ending, claims: backend.requests('write', 'lock') }
    }),
  )
}

/** A machine leaves its claim: nothing that it asks for after that arrives. */
async function leaveClaim(store: Backend): Promise<void> {
  const backend = faultyBackend(store, { list: { lock: failFrom(2) }, remove: failFrom(1) })
  const runtime = await testRuntime({ seed: 9, kernel })
  const made = testRepository({ backend, runtime, completes: true })
  await expect(made).rejects.toMatchObject({ reason: 'unavailable' })
}

function stored(store: MemoryBackend, folder: string): string[] {
  return [...store.files().keys()].filter((path) => path.startsWith(`${folder}/`))
}

describe('machines that make the same repository at once', () => {
  it('all make it with one key, whoever of them dies when', async () => {
    await fc.assert(
      fc.asyncProperty(makers, async (plans) => {
        const store = memoryBackend()
        const made = await makeAtOnce(store, plans)
        expect(stored(store, 'keys').length).toBeLessThanOrEqual(1)
        for (const [pid, { death }] of plans.entries()) {
          const ending = made[pid]?.ending
          // Who comes second with the config is refused, and opens it.
          if (!death && ending?.status === 'rejected') {
            expect(ending.reason).toMatchObject({ code: 'BACKEND', reason: 'refused' })
          }
        }
        if (plans.every(({ death }) => death)) return
        const { timer } = waitedTime()
        const runtime = await testRuntime({ kernel })
        const password = testPassword
        const opened = await openRepository({ backend: store, runtime, password, timer })
        await opened.lock('exclusive')
        expect(stored(store, 'locks')).toHaveLength(1)
      }),
      { numRuns: 400 },
    )
  })

  it.each([1, 5, 20, 60])('are soon through when requests take %i turns for all', async (pause) => {
    const store = memoryBackend()
    const maker = { pauses: [pause], death: undefined }
    const made = await makeAtOnce(store, [maker, maker, maker, maker])
    expect(stored(store, 'keys')).toHaveLength(1)
    expect(Math.max(...made.map(({ claims }) => claims))).toBeLessThanOrEqual(2)
  })

  it('wait ten seconds for a claim, and remove it then', async () => {
    const store = memoryBackend()
    await leaveClaim(store)
    const time = manualTime()
    const { clock, timer } = time
    const runtime = await testRuntime({ kernel, clock })
    const backend = countingBackend(store)
    const made = testRepository({ backend, runtime, timer, completes: true })
    while (backend.requests('list', 'lock') === 0) await turns(1)
    await time.advance(9_900)
    expect(stored(store, 'keys')).toEqual([])
    expect(stored(store, 'locks')).toHaveLength(1)
    await time.advance(1_000)
    await made
    expect(stored(store, 'keys')).toHaveLength(1)
    expect(stored(store, 'locks')).toEqual([])
  })

  it('leave no key but that of the config when one was taken for dead and was not', async () => {
    const store = memoryBackend()
    const overtaking = await testRuntime({ seed: 2, kernel })
    const slow = overriding(store, {
      write: async (file, body, call) => {
        if (file.type === 'key') {
          for (const path of stored(store, 'locks')) {
            await store.remove({ type: 'lock', name: path.slice('locks/'.length) })
          }
          await testRepository({ backend: store, runtime: overtaking, completes: true })
        }
        await store.write(file, body, call)
      },
    })
    const made = testRepository({
      backend: slow,
      runtime: await testRuntime({ kernel }),
      completes: true,
    })
    await expect(made).rejects.toMatchObject({ reason: 'refused' })
    expect(stored(store, 'keys')).toHaveLength(1)
    const runtime = await testRuntime({ seed: 3, kernel })
    await openRepository({ backend: store, runtime, password: testPassword })
  })

  it('write no config where their claim could not be removed', async () => {
    const store = memoryBackend()
    const backend = faultyBackend(store, { remove: failOn(1) })
    const runtime = await testRuntime({ kernel })
    const made = testRepository({ backend, runtime, completes: true })
    await expect(made).rejects.toMatchObject({ reason: 'unavailable' })
    expect(store.files().has('config')).toBe(false)
    await testRepository({ backend: store, runtime, completes: true })
    expect(stored(store, 'locks')).toEqual([])
  })

  it('leave the locks of others alone', async () => {
    const lock = `locks/${'ab'.repeat(32)}`
    const store = memoryBackend({ files: new Map([[lock, new Uint8Array(100)]]) })
    const runtime = await testRuntime({ kernel })
    await testRepository({ backend: store, runtime, completes: true })
    expect(stored(store, 'locks')).toEqual([lock])
  })
})

describe('InitClaims', () => {
  it('ends its waiting when it is cancelled', async () => {
    const stop = new AbortController()
    const { timer } = manualTime()
    const runtime = await testRuntime({ kernel })
    const backend = memoryBackend()
    const claims = new InitClaims({ backend, runtime, timer, signal: stop.signal })
    const waiting = claims.pause()
    stop.abort()
    await expect(waiting).rejects.toBe(stop.signal.reason)
  })
})
