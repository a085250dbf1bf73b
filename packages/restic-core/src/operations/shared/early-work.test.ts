import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import { testRepository } from '../../testing/test-repository.ts'
import { BegunRun, EarlyWork, HeldBack } from './early-work.ts'

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
