import { expect, it } from 'vitest'
import { isMemoryDear } from './memory-cost.ts'

it.each([
  ['dear', 0.7, true],
  ['cheap', 0.02, false],
])('finds that memory is %s', (_, tookMs, isDear) => {
  let nowMs = 5000
  expect(isMemoryDear(() => (nowMs += tookMs))).toBe(isDear)
})
