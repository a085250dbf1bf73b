import { describe, expect, it } from 'vitest'
import { countText, durationText, shown, sizeText, timeText } from './amounts.ts'

describe('amounts for people', () => {
  it('gives sizes in the largest unit that keeps them above one', () => {
    expect([0, 1023, 1024, 1_048_575, 1_048_576, 5_000_000_000, 2 ** 50].map(sizeText)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.0 MiB',
      '1.0 MiB',
      '4.7 GiB',
      '1024.0 TiB',
    ])
  })

  it('gives durations as exactly as they matter', () => {
    expect([0, 12.4, 999, 1000, 59_949, 59_950, 125_000].map(durationText)).toEqual([
      '0 ms',
      '12 ms',
      '999 ms',
      '1.0 s',
      '59.9 s',
      '1 min 0 s',
      '2 min 5 s',
    ])
  })

  it('counts one thing as one', () => {
    expect([0, 1, 2].map((count) => countText(count, 'file'))).toEqual([
      '0 files',
      '1 file',
      '2 files',
    ])
  })

  it('gives times in local time, and what is no time as it is', () => {
    const date = new Date(2026, 10, 1, 8, 5)
    expect(timeText(date.toISOString())).toBe('2026-11-01 08:05')
    expect(timeText('soon\u001b[2J')).toBe('soon?[2J')
  })

  it('shows names without what would control a terminal', () => {
    expect(shown('a\nb\u001b]0;x\u0007 \u202egpj.exe ☃')).toBe('a?b?]0;x? ?gpj.exe ☃')
  })
})
