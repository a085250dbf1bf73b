import { describe, expect, it } from 'vitest'
import { noise, sampleFile } from '../testing/index.ts'
import type { Backend } from './backend.ts'
import { limit } from './limit.ts'
import { memoryBackend } from './memory.ts'
import { overriding } from './request.ts'

/** A store whose reads end when the test says so, and how many run. */
function slowBackend(): { backend: Backend; running: () => number; finish: () => void } {
  const ends: (() => void)[] = []
  const inner = memoryBackend({ connections: 3 })
  const backend = overriding(inner, {
    stat: async (file) => {
      await new Promise<void>((resolve) => ends.push(resolve))
      return { name: file.type, size: 0 }
    },
  })
  return { backend, running: () => ends.length, finish: () => ends.shift()?.() }
}

const pack = sampleFile('pack', [noise(10, 1)]).file
const lock = sampleFile('lock', [noise(10, 2)]).file
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('limit', () => {
  it('lets as many requests through as the store likes', async () => {
    const { backend, running, finish } = slowBackend()
    const limited = limit()(backend)
    const all = Promise.all(Array.from({ length: 8 }, () => limited.stat(pack)))
    for (const expected of [3, 3, 3, 3, 3, 3, 2, 1]) {
      await settled()
      expect(running()).toBe(expected)
      finish()
    }
    await all
  })

  it('lets locks through at once', async () => {
    const { backend, running, finish } = slowBackend()
    const limited = limit(1)(backend)
    const all = Promise.all([limited.stat(pack), limited.stat(pack), limited.stat(lock)])
    await settled()
    expect(running()).toBe(2)
    finish()
    finish()
    await settled()
    finish()
    await all
  })

  it('gives the place back after a failure', async () => {
    const limited = limit(1)(memoryBackend())
    for (let at = 0; at < 3; at++) {
      await expect(limited.stat(pack)).rejects.toMatchObject({ reason: 'not-found' })
    }
  })

  it('lets the reader of a listing make requests', async () => {
    const limited = limit(1)(memoryBackend())
    const files = [1, 2, 3].map((seed) => sampleFile('index', [noise(40, seed)]))
    for (const { file, body } of files) await limited.write(file, body)
    const sizes: number[] = []
    for await (const { name } of limited.list('index')) {
      sizes.push((await limited.read({ type: 'index', name })).length)
    }
    expect(sizes).toEqual([40, 40, 40])
  })

  it('ends the listing of the store when its reader leaves', async () => {
    let ended = false
    const backend = overriding(memoryBackend(), {
      async *list() {
        try {
          for (;;) yield { name: pack.name, size: 1 }
        } finally {
          ended = true
        }
      },
    })
    for await (const info of limit(1)(backend).list('pack')) {
      expect(info.size).toBe(1)
      break
    }
    expect(ended).toBe(true)
  })

  it('waits no longer than the caller', async () => {
    const { backend, running, finish } = slowBackend()
    const limited = limit(1)(backend)
    const first = limited.stat(pack)
    const stop = new AbortController()
    const second = limited.stat(pack, { signal: stop.signal })
    stop.abort(new Error('stop it'))
    await expect(second).rejects.toThrow('stop it')
    expect(running()).toBe(1)
    finish()
    await first
  })
})
