import { memoryBackend } from 'restic-core/backend'
import { countingBackend, testRepository } from 'restic-core/testing'
import { describe, expect, it } from 'vitest'
import { EarlyIndex } from './early-index.ts'

async function early() {
  const backend = countingBackend(memoryBackend())
  const repository = await testRepository({ backend })
  const index = new EarlyIndex(repository, new AbortController().signal)
  return { index, loads: () => backend.requests('list', 'index') }
}

describe('an index that is loaded early', () => {
  it('is taken when the lock was got', async () => {
    const { index, loads } = await early()
    index.load(new AbortController().signal)
    const [one, other] = [await index.take(), await index.take()]
    expect(one).toBe(other)
    expect(loads()).toBe(1)
  })

  it('is loaded anew when the attempt it was for was refused', async () => {
    const { index, loads } = await early()
    const attempt = new AbortController()
    index.load(attempt.signal)
    attempt.abort(new Error('locked'))
    // The next attempt was slow, so nothing was loaded early for it.
    await index.take()
    expect(loads()).toBe(2)
    await index.stop(undefined)
  })

  it('is loaded when it is asked for, if it was not before', async () => {
    const { index, loads } = await early()
    expect(loads()).toBe(0)
    await index.take()
    expect(loads()).toBe(1)
  })
})
