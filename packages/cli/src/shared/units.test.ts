import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatElapsed,
  formatGoDuration,
  formatPercent,
  formatSize,
  parseDuration,
  parseSize,
} from './units.ts'

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['17', 17],
    ['3b', 3],
    ['10K', 10_240],
    ['5m', 5 * 1024 ** 2],
    ['2T', 2 * 1024 ** 4],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'k', '1.5m', '10KiB', '-1', '1 m', '99999999999t'])('refuses %j', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.000 KiB'],
    [1088, '1.062 KiB'],
    [1216, '1.188 KiB'],
    [1024 ** 2 - 1, '1023.999 KiB'],
    [1024 ** 2, '1.000 MiB'],
    [5 * 1024 ** 3 + 1, '5.000 GiB'],
    [2n ** 63n, '8388608.000 TiB'],
  ])('writes %s bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })

  it('stays within half a thousandth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 2 ** 50 }), (bytes) => {
        const [value, unit] = formatSize(bytes).split(' ')
        const factor = 1024 ** (1 + ['KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit ?? ''))
        expect(Math.abs(Number(value) - bytes / factor)).toBeLessThanOrEqual(0.000501)
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    ['0', 0],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['.5s', 500],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '1d', 's', '1h ', '-1s'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  it.each([
    [0, '0s'],
    [90_000, '1m30s'],
    [7_200_000, '2h0m0s'],
    [1500, '1.5s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatGoDuration(ms)).toBe(text)
    expect(parseDuration(text)).toBe(ms)
  })

  it('shows elapsed time as a clock', () => {
    expect([0, 61_999, 3_600_000].map(formatElapsed)).toEqual(['0:00', '1:01', '1:00:00'])
  })
})

it('shows a share of nothing as nothing, and never more than all', () => {
  expect(formatPercent(1, 0)).toBe('')
  expect(formatPercent(1, 3)).toBe('33.33%')
  expect(formatPercent(4, 3)).toBe('100.00%')
})
