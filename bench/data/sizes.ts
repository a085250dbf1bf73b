import type { Random } from './random.ts'

/** As many as it takes to make `total`, between half of `mean` and one and a half. */
export function sizesAround(random: Random, total: number, mean: number): number[] {
  const count = Math.max(1, Math.round(total / mean))
  return scaled(
    Array.from({ length: count }, () => 0.5 + random.fraction()),
    total,
  )
}

/** `count` sizes that make `total`: many small, few large. */
export function sizesOf(random: Random, total: number, count: number): number[] {
  return scaled(
    Array.from({ length: count }, () => 0.05 + random.exponential(1)),
    total,
  )
}

function scaled(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => Math.max(1, Math.floor((weight / sum) * total)))
}
