import { describe, expect, it } from 'vitest'
import { memoryBackend } from './backend/memory.ts'
import type { Backend } from './backend/backend.ts'
import { type RetryEvent, initRepository, openRepository } from './index.ts'
import { failOn, faultyBackend } from './testing/faulty-backend.ts'
import { quickCost, testPassword, testRepository } from './testing/test-repository.ts'
import { testRuntime } from './testing/test-runtime.ts'

describe('the defaults of a session', () => {
  it('are the platform and repeated requests', async () => {
    const store = memoryBackend()
    const backend = faultyBackend(store, { write: { config: failOn(1) } })
    const events: RetryEvent[] = []
    const repository = await initRepository({
      backend,
      password: testPassword,
      hostname: 'lab',
      username: 'ada',
      cost: quickCost,
      retry: { wait: async () => undefined, onEvent: (event) => events.push(event) },
    })
    expect(events.map(({ type }) => type)).toEqual(['retry', 'recovered'])
    expect(repository.runtime.pool.size).toBeGreaterThan(0)
    await repository[Symbol.asyncDispose]()
    // Its threads ended with the session.
    await expect(repository.runtime.pool.run('parseIndex', {} as never)).rejects.toThrow('disposed')
    await expect(
      openRepository({ backend: store, password: testPassword }).then((opened) => opened.config.id),
    ).resolves.toBe(repository.config.id)
  })

  it('leave a runtime and retries to who brings his own', async () => {
    const store = memoryBackend()
    await testRepository({ backend: store })
    const failing = faultyBackend(store, { read: { config: failOn(1) } })
    const runtime = await testRuntime({ seed: 8 })
    const options = { runtime, password: testPassword, retry: false } as const
    await expect(openRepository({ ...options, backend: failing })).rejects.toMatchObject({
      reason: 'unavailable',
    })
    let disposals = 0
    const own = { ...runtime, [Symbol.asyncDispose]: async () => void disposals++ }
    const opened = await openRepository({ ...options, runtime: own, backend: store })
    await opened[Symbol.asyncDispose]()
    expect(disposals).toBe(0)
  })

  it('give the backend back when there is no repository', async () => {
    let disposals = 0
    const backend: Backend = {
      ...memoryBackend(),
      [Symbol.asyncDispose]: async () => void disposals++,
    }
    await expect(openRepository({ backend, password: testPassword })).rejects.toMatchObject({
      code: 'NO_REPOSITORY',
    })
    expect(disposals).toBe(0)
  })
})
