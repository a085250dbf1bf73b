import { describe, expect, it } from 'vitest'
import { goDuration } from './text.ts'

describe('goDuration', () => {
  // What Go's time.Duration prints.
  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [1_100n, '1.1µs'],
    [2_200_000n, '2.2ms'],
    [999_999_999n, '999.999999ms'],
    [1_000_000_000n, '1s'],
    [3_300_000_000n, '3.3s'],
    [59_000_000_001n, '59.000000001s'],
    [60_000_000_000n, '1m0s'],
    [245_000_000_000n, '4m5s'],
    [245_001_000_000n, '4m5.001s'],
    [18_367_001_000_000n, '5h6m7.001s'],
    [480_000_000_001n, '8m0.000000001s'],
    [90_061_000_000_000n, '25h1m1s'],
    [-1_500_000_000n, '-1.5s'],
  ])('prints %s as %s', (ns, text) => {
    expect(goDuration(ns)).toBe(text)
  })
})
