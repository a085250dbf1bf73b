import { memoryBackend } from 'restic-core/backend'
import { testRepository } from 'restic-core/testing'
import { describe, expect, it } from 'vitest'
import { BegunRun, tellInTurn } from './begun-run.ts'
import { EarlyWork, HeldBack } from './early-work.ts'

const never = new AbortController().signal

async function early() {
  const repository = await testRepository({ backend: memoryBackend() })
  const view = { repository, indexed: () => repository.loadIndex() }
  const said: string[] = []
  let runs = 0
  const work = new EarlyWork(
    () =>
      new BegunRun(async ({ mayWrite, tell }) => {
        const run = ++runs
        tell(() => said.push(`run ${run} has begun`))
        await mayWrite
        tell(() => said.push(`run ${run} writes`))
        return run
      }),
  )
  return { view, work, said }
}

describe('work that begins early', () => {
  it('writes and tells once its lock is held', async () => {
    const { view, work, said } = await early()
    work.begin(view, never)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(said).toEqual([])
    expect(await work.take(view).result(never)).toBe(1)
    expect(said).toEqual(['run 1 has begun', 'run 1 writes'])
  })

  it('begins anew when the attempt it was for was refused, and tells nothing of the first', async () => {
    const { view, work, said } = await early()
    const attempt = new AbortController()
    work.begin(view, attempt.signal)
    attempt.abort(new Error('locked'))
    work.begin(view, never)
    expect(await work.take(view).result(never)).toBe(2)
    expect(said).toEqual(['run 2 has begun', 'run 2 writes'])
  })

  it('begins when it is asked, if it was not before', async () => {
    const { view, work } = await early()
    expect(await work.take(view).result(never)).toBe(1)
  })

  it('writes nothing when the lock is lost before it may', async () => {
    const { view, work, said } = await early()
    work.begin(view, never)
    const lost = new Error('the lock is lost')
    await expect(work.take(view).result(AbortSignal.abort(lost))).rejects.toBe(lost)
    expect(said).toEqual([])
  })
})

it('tells what was held back in its order, and what comes later at once', () => {
  const said: number[] = []
  const events = new HeldBack()
  events.tell(() => said.push(1))
  events.tell(() => {
    said.push(2)
    events.tell(() => said.push(3))
  })
  expect(said).toEqual([])
  events.release()
  events.tell(() => said.push(4))
  expect(said).toEqual([1, 2, 3, 4])
})

async function* numbers(count: number, onAsked: (n: number) => void = () => undefined) {
  for (let n = 0; n < count; n++) {
    onAsked(n)
    yield n
  }
}

describe('what is told in turn', () => {
  it('waits until it may, and then for each that listens', async () => {
    let allow: (() => void) | undefined
    const told: number[] = []
    const listen = async (n: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      told.push(n)
    }
    const mayTell = new Promise<void>((resolve) => (allow = resolve))
    const telling = tellInTurn(numbers(5), mayTell, listen)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(told).toEqual([])
    allow?.()
    await telling
    expect(told).toEqual([0, 1, 2, 3, 4])
  })

  it('reads no further than it can hold, and not ahead of who listens', async () => {
    let asked = 0
    let allow: (() => void) | undefined
    const mayTell = new Promise<void>((resolve) => (allow = resolve))
    let aheadMax = 0
    let told = 0
    const telling = tellInTurn(
      numbers(40_000, (n) => (asked = n + 1)),
      mayTell,
      () => {
        aheadMax = Math.max(aheadMax, asked - told++)
      },
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(asked).toBe(30_000)
    allow?.()
    await telling
    expect(told).toBe(40_000)
    expect(aheadMax).toBe(30_000)
  })

  it('tells nothing when it may not', async () => {
    const refused = new Error('locked')
    const told: number[] = []
    const tell = (n: number): void => void told.push(n)
    await expect(tellInTurn(numbers(3), Promise.reject(refused), tell)).rejects.toBe(refused)
    expect(told).toEqual([])
  })
})
