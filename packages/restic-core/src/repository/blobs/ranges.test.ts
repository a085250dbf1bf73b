import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MiB } from '../../base/bytes.ts'
import { joinRanges } from './ranges.ts'

const part = (offset: number, length: number): { offset: number; length: number } => ({
  offset,
  length,
})

const shapes = (parts: readonly { offset: number; length: number }[]): unknown =>
  joinRanges(parts).map(({ offset, length, parts: members }) => [offset, length, members.length])

describe('joinRanges', () => {
  it('joins what is near, in order of offset', () => {
    expect(shapes([part(100, 50), part(0, 100), part(150, 1)])).toEqual([[0, 151, 3]])
    expect(shapes([])).toEqual([])
  })

  it('fetches a gap of 1 MiB along, and no larger one', () => {
    expect(shapes([part(0, 10), part(MiB + 10, 5)])).toEqual([[0, MiB + 15, 2]])
    expect(shapes([part(0, 10), part(MiB + 11, 5)])).toEqual([
      [0, 10, 1],
      [MiB + 11, 5, 1],
    ])
  })

  it('ends a range at 32 MiB, and lets a longer part be', () => {
    const long = 31 * MiB
    expect(shapes([part(0, long), part(long, MiB), part(32 * MiB, 1)])).toEqual([
      [0, 32 * MiB, 2],
      [32 * MiB, 1, 1],
    ])
    expect(shapes([part(0, 100 * MiB), part(100 * MiB, 1)])).toEqual([
      [0, 100 * MiB, 1],
      [100 * MiB, 1, 1],
    ])
  })

  it('covers every part once, in ranges that do not begin with a gap', () => {
    const parts = fc.array(
      fc.record({ offset: fc.nat(64 * MiB), length: fc.integer({ min: 1, max: 4 * MiB }) }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(parts, (wanted) => {
        const ranges = joinRanges(wanted)
        const covered = ranges.flatMap((range) => {
          expect(range.offset).toBe(range.parts[0]?.offset)
          const ends = range.parts.map(({ offset, length }) => offset + length)
          expect(range.offset + range.length).toBe(Math.max(...ends))
          return range.parts
        })
        expect(new Set(covered)).toEqual(new Set(wanted))
        expect(covered).toHaveLength(wanted.length)
      }),
    )
  })
})
