import { describe, expect, it } from 'vitest'
import { PartMemory } from './part-memory.ts'

describe('memory for parts', () => {
  it('is what came back, if it is long enough', () => {
    const memory = new PartMemory()
    const [short, long] = [memory.take(100), memory.take(300)]
    memory.give(short)
    memory.give(long)
    expect(memory.take(200)).toBe(long)
    expect(memory.take(100)).toBe(short)
  })

  it('is replaced when it is too short, and given back to the system', () => {
    const memory = new PartMemory()
    const short = memory.take(200_000)
    memory.give(short)
    expect(memory.take(300_000).length).toBe(300_000)
    if (process.versions.node.startsWith('20.')) return
    expect(short.byteLength).toBe(0)
  })
})
