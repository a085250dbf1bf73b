import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyNs, anyOffset } from '../../tests/format-arbitraries.ts'
import type { Clock } from '../base/clock.ts'
import { formatTime, isTime, parseTime, zeroTime } from './time.ts'

const zone = (offset: number): Clock => ({ nowNs: () => 0n, utcOffset: () => offset })
const utc = zone(0)
const second = 1_000_000_000n

describe('formatTime', () => {
  it('comes back from parseTime, whatever the zone', () => {
    fc.assert(
      fc.property(anyNs, anyOffset, (ns, offset) => {
        const text = formatTime(ns, zone(offset))
        expect(isTime(text)).toBe(true)
        // Behind the ends of the calendar the year is clamped.
        const local = ns + BigInt(offset) * second
        const isClamped = local < -62_167_219_200n * second || local >= 253_402_300_800n * second
        expect(isClamped || parseTime(text) === ns).toBe(true)
      }),
    )
  })

  it('writes the dates that Date writes', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(-62_167_219_200_000), noInvalidDate: true }), (date) => {
        fc.pre(date.getUTCFullYear() <= 9999)
        const text = formatTime(BigInt(date.getTime()) * 1_000_000n, utc)
        expect(text.slice(0, 19)).toBe(date.toISOString().slice(0, 19))
      }),
    )
  })

  it.each([
    [0n, '1970-01-01T00:00:00Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
    [100_000_000n, '1970-01-01T00:00:00.1Z'],
    [1n, '1970-01-01T00:00:00.000000001Z'],
    [951_782_400n * second, '2000-02-29T00:00:00Z'],
    [-2_203_891_200n * second, '1900-03-01T00:00:00Z'],
    [-62_135_596_800n * second, zeroTime],
  ])('writes %d as %s', (ns, text) => {
    expect(formatTime(ns, utc)).toBe(text)
    expect(parseTime(text)).toBe(ns)
  })

  it.each([
    [7200, '1970-01-01T02:00:00+02:00'],
    [-12_600, '1969-12-31T20:30:00-03:30'],
    [0, '1970-01-01T00:00:00Z'],
    // Amsterdam and Monrovia before standard time: seconds of the offset are cut.
    [1172, '1970-01-01T00:19:32+00:19'],
    [-2588, '1969-12-31T23:16:52-00:43'],
    [30, '1970-01-01T00:00:30+00:00'],
    [-30, '1969-12-31T23:59:30+00:00'],
  ])('writes the offset of %d seconds', (offset, text) => {
    expect(formatTime(0n, zone(offset))).toBe(text)
  })

  it('asks for the offset of the instant', () => {
    const summer = {
      nowNs: () => 0n,
      utcOffset: (seconds: number) => (seconds < 1000 ? 3600 : 7200),
    }
    expect(formatTime(999n * second, summer)).toBe('1970-01-01T01:16:39+01:00')
    expect(formatTime(1000n * second, summer)).toBe('1970-01-01T02:16:40+02:00')
  })

  it.each([
    ['12000-02-29', BigInt(Date.UTC(12_000, 1, 29) / 1000), '9999-03-01T00:00:00Z'],
    ['10000-01-01', 253_402_300_800n, '9999-01-01T00:00:00Z'],
    ['the last second of the year before 0', -62_167_219_201n, '0000-12-31T23:59:59Z'],
    ['the largest st_mtime', 2n ** 63n - 1n, '9999'],
    ['the smallest st_mtime', -(2n ** 63n), '0000'],
  ])('clamps the year of %s', (_, seconds, expected) => {
    const text = formatTime(seconds * second, utc)
    expect(text.slice(0, expected.length)).toBe(expected)
    expect(isTime(text)).toBe(true)
  })
})

describe('parseTime', () => {
  it('drops digits beyond nanoseconds', () => {
    expect(parseTime('1970-01-01T00:00:00.0000000019Z')).toBe(1n)
    expect(parseTime(`1970-01-01T00:00:00.5${'0'.repeat(1000)}Z`)).toBe(500_000_000n)
  })

  it.each([
    '',
    'Z',
    '1970-01-01',
    '1970-01-01T00:00:00',
    '1970-01-01t00:00:00Z',
    '1970-01-01 00:00:00Z',
    '1970-13-01T00:00:00Z',
    '1970-00-01T00:00:00Z',
    '1970-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '1970-04-31T00:00:00Z',
    '1970-01-32T00:00:00Z',
    '1970-01-00T00:00:00Z',
    '1970-01-01T24:00:00Z',
    '1970-01-01T00:60:00Z',
    '1970-01-01T00:00:60Z',
    '1970-01-01T00:00:00.Z',
    '1970-01-01T00:00:00,1Z',
    '1970-01-01T00:00:00+24:00',
    '1970-01-01T00:00:00+01:60',
    '1970-01-01T00:00:00+0100',
    '1970-01-01T00:00:00Zx',
    '1970-01-01T00:00:00+01:00x',
    '970-01-01T00:00:00Z',
    '+1970-01-01T00:00:00Z',
    '1970-01-01T00:00:00.1',
    '1970-01-01T00:00:00z',
    '1970-01-01T 0:00:00Z',
    '19700-01-01T00:00:00Z',
  ])('refuses %j', (text) => {
    expect(isTime(text)).toBe(false)
    expect(() => parseTime(text)).toThrow(TypeError)
  })
})
