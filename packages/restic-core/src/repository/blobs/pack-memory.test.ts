import { describe, expect, it } from 'vitest'
import { MiB } from '../../base/bytes.ts'
import { PackMemory } from './pack-memory.ts'

/** How long the memory for each length is, MiB, all of them at once. */
function taken(memory: PackMemory, lengths: readonly number[]): number[] {
  const all = lengths.map((length) => memory.take(length))
  const sizes = all.map(({ length }) => length / MiB)
  for (const each of all) memory.give(each)
  return sizes
}

/** Memory for packs of up to 24 MiB, and the lengths of what was made anew. */
function counted(): { readonly made: readonly number[]; readonly memory: PackMemory } {
  const made: number[] = []
  const memory = new PackMemory(24 * MiB, (length) => {
    made.push(length)
    return new ArrayBuffer(length)
  })
  return { made, memory }
}

describe('PackMemory', () => {
  it('is a little longer than what is asked for', () => {
    const { memory } = counted()
    expect(taken(memory, [0, MiB, MiB + 1, 6 * MiB, 7 * MiB, 24 * MiB, 25 * MiB])).toEqual([
      1, 1, 6, 6, 24, 24, 25,
    ])
  })

  it('is used again, for packs of every usual length', () => {
    for (const length of [100_000, 4.5 * MiB, 17 * MiB]) {
      const { made, memory } = counted()
      for (let round = 0; round < 5; round++) taken(memory, [length, length + round])
      expect(made).toHaveLength(2)
    }
  })

  it('is not kept beyond the longest, nor when it is disposed', () => {
    const { made, memory } = counted()
    taken(memory, [25 * MiB])
    taken(memory, [25 * MiB])
    expect(made).toHaveLength(2)
    const late = memory.take(MiB)
    memory[Symbol.dispose]()
    memory.give(late)
    memory.take(MiB)
    expect(made).toHaveLength(4)
  })
})
