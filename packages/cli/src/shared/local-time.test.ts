import { expect, it } from 'vitest'
import { formatLocalTime, parseLocalTime } from './local-time.ts'

/** Amsterdam: an hour ahead, and two from 2020-03-29T01:00Z to 2020-10-25T01:00Z. */
function amsterdam(epochSeconds: number): number {
  const isSummer = epochSeconds >= 1_585_443_600 && epochSeconds < 1_603_587_600
  return isSummer ? 7200 : 3600
}

const second = 1_000_000_000n

it.each([
  ['2020-01-02 03:04:05', 1_577_930_645n],
  ['2020-07-01 12:00:00', 1_593_597_600n],
  ['2020-10-25 02:30:00', 1_603_589_400n],
  ['2020-03-29 02:30:00', 1_585_445_400n],
])('reads %s as Go does, also where clocks change', (text, seconds) => {
  expect(parseLocalTime(text, amsterdam)).toBe(seconds * second)
})

it.each([
  ['2020-01-02 03:04:05.25', 250_000_000n],
  ['2020-01-02 3:04:05,000000001999', 1n],
])('reads a fraction of a second and an hour of one digit in %s', (text, fraction) => {
  expect(parseLocalTime(text, amsterdam)).toBe(1_577_930_645n * second + fraction)
})

it('refuses what the calendar does not have', () => {
  expect(parseLocalTime('2024-02-29 23:59:58', () => 0)).toBe(1_709_251_198n * second)
  expect(() => parseLocalTime('2023-02-29 00:00:00')).toThrow('is not a time')
  expect(() => parseLocalTime('2023-02-28')).toThrow('is not a time')
  expect(() => parseLocalTime('2023-02-28 00:00:00.')).toThrow('is not a time')
})

it('shows a moment in local time, also before 1970 and with a part of a second', () => {
  expect(formatLocalTime(1_593_597_600n * second + 999_999_999n, amsterdam)).toBe(
    '2020-07-01 12:00:00',
  )
  expect(formatLocalTime(-1n, () => 0)).toBe('1969-12-31 23:59:59')
  expect(formatLocalTime(parseLocalTime('0050-06-07 08:09:10'))).toBe('0050-06-07 08:09:10')
})
