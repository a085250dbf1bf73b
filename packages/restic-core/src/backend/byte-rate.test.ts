import { expect, it } from 'vitest'
import { ByteRate, byteRates } from './byte-rate.ts'

it('lets one second pass at once, then makes all that share it wait for the rest', () => {
  let nowMs = 5000
  const rate = new ByteRate(1000, () => nowMs)
  expect(rate.spend(600)).toBe(0)
  expect(rate.spend(400)).toBe(0)
  expect(rate.spend(500)).toBe(500)
  expect(rate.spend(250)).toBe(750)
  nowMs += 750
  expect(rate.spend(100)).toBe(100)
})

it('saves no more than one second while nothing moves', () => {
  let nowMs = 0
  const rate = new ByteRate(1000, () => nowMs)
  nowMs = 60_000
  expect(rate.spend(1000)).toBe(0)
  expect(rate.spend(1)).toBe(1)
})

it('moves in pieces of a share of a second, and not in crumbs', () => {
  expect(new ByteRate(800_000, () => 0).pieceLength).toBe(100_000)
  expect(new ByteRate(1, () => 0).pieceLength).toBe(1024)
})

it('is only there in a direction that has a limit', () => {
  const rates = byteRates({ uploadBytesPerSecond: 10 }, () => 0)
  expect(rates).toMatchObject({ upload: expect.any(ByteRate), download: undefined })
  expect(() => byteRates({ downloadBytesPerSecond: 0 }, () => 0)).toThrow(RangeError)
})
