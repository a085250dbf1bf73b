import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../backend/memory.ts'
import { listed, outcome } from './backend-under-test.ts'
import { countingBackend } from './counting-backend.ts'
import { failFrom, failOn, faultyBackend, type FaultPlan } from './faulty-backend.ts'
import { noise, sampleFile } from './sample-files.ts'

const pack = sampleFile('pack', [noise(100, 1)])
const index = sampleFile('index', [noise(60, 2)])

function setUp(plan: FaultPlan) {
  const inner = memoryBackend()
  return { inner, backend: faultyBackend(inner, plan) }
}

describe('faultyBackend', () => {
  it('fails the requests of its plan and no others', async () => {
    const { backend } = setUp({ write: { pack: failOn(2, 'full') }, stat: failFrom(2, 'denied') })
    expect(await outcome(backend.write(pack.file, pack.body))).toBe('done')
    expect(await outcome(backend.write(index.file, index.body))).toBe('done')
    expect(await outcome(backend.write(pack.file, pack.body))).toBe('full')
    expect(await outcome(backend.write(pack.file, pack.body))).toBe('done')
    expect(await outcome(backend.stat(pack.file))).toBe('done')
    expect(await outcome(backend.stat(index.file))).toBe('denied')
    expect(await outcome(backend.stat(pack.file))).toBe('denied')
    expect(await outcome(backend.read(pack.file))).toBe('done')
  })

  it('fails before, after, or in the middle', async () => {
    for (const [when, size] of [
      ['before', undefined],
      ['after', 100],
      ['cut', 50],
    ] as const) {
      const { backend, inner } = setUp({ write: failOn(1, 'unavailable', when) })
      expect(await outcome(backend.write(pack.file, pack.body))).toBe('unavailable')
      expect([...inner.files().values()].map(({ length }) => length)).toEqual(
        size === undefined ? [] : [size],
      )
    }
    const { backend, inner } = setUp({ remove: failOn(1, 'unavailable', 'after') })
    await inner.write(pack.file, pack.body)
    expect(await outcome(backend.remove(pack.file))).toBe('unavailable')
    expect(inner.files().size).toBe(0)
  })

  it('counts over all operations for a process that dies', async () => {
    const { backend, inner } = setUp({ any: failFrom(3, new Error('killed'), 'cut') })
    await backend.create()
    await backend.write(index.file, index.body)
    await expect(backend.write(pack.file, pack.body)).rejects.toThrow('killed')
    await expect(backend.read(index.file)).rejects.toThrow('killed')
    await expect(listed(backend, 'index')).rejects.toThrow('killed')
    expect([...inner.files().values()].map(({ length }) => length)).toEqual([60, 50])
  })
})

describe('countingBackend', () => {
  it('counts requests by operation and type, and the bytes of those that succeed', async () => {
    const backend = countingBackend(faultyBackend(memoryBackend(), { read: failOn(2) }))
    await backend.create()
    await backend.write(pack.file, pack.body)
    await backend.read(pack.file, { range: { offset: 0, length: 30 } })
    expect(await outcome(backend.read(pack.file))).toBe('unavailable')
    expect(await listed(backend, 'pack')).toHaveLength(1)
    await backend.write(index.file, index.body)
    expect(backend.counts()).toEqual({
      create: { requests: 1, bytes: 0 },
      'write pack': { requests: 1, bytes: 100 },
      'read pack': { requests: 2, bytes: 30 },
      'list pack': { requests: 1, bytes: 0 },
      'write index': { requests: 1, bytes: 60 },
    })
    expect(backend.requests('write')).toBe(2)
    expect(backend.bytes('write')).toBe(160)
    expect(backend.requests('read', 'pack')).toBe(2)
    expect(backend.requests('stat')).toBe(0)
    backend.reset()
    expect(backend.counts()).toEqual({})
  })
})
