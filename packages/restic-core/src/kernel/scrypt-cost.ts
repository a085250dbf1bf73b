import type { Kernel, ScryptCost } from './kernel.ts'

/**
 * The most expensive cost that this machine computes within `limitMs`, found as restic finds it:
 * r is 8, N the largest power of two that needs less than 60 MiB (32,768), halved while one run takes
 * too long; then p grows as far as time allows.
 *
 * @param nowMs a clock that does not jump
 */
export function calibrateScrypt(
  kernel: Pick<Kernel, 'scrypt'>,
  nowMs: () => number,
  limitMs = 500,
): ScryptCost {
  const r = 8
  let N = 32_768
  let tookMs = runMs(kernel, nowMs, { N, r, p: 1 })
  while (tookMs > limitMs && N > costMin.N) {
    N /= 2
    tookMs = runMs(kernel, nowMs, { N, r, p: 1 })
  }
  // The work is p times the same, so one more measurement would say nothing new. No machine does it
  // in no time: that clock stands still, and restic's usual cost is the better guess.
  const p = tookMs > 0 ? Math.floor(limitMs / tookMs) : 8
  return { N, r, p: Math.max(1, p) }
}

/** Below this a slow clock, not a slow machine, decides. */
const costMin: ScryptCost = { N: 1024, r: 8, p: 1 }

function runMs(kernel: Pick<Kernel, 'scrypt'>, nowMs: () => number, cost: ScryptCost): number {
  const started = nowMs()
  kernel.scrypt(new Uint8Array(16), new Uint8Array(64), cost, 64)
  return nowMs() - started
}

const intMax = 2 ** 31 - 1

/**
 * Accepts what restic accepts in a key file.
 *
 * @throws RangeError when N is no power of two over 1, r or p is below 1, or a product exceeds the
 * memory that scrypt's own description allows
 */
export function validateScryptCost({ N, r, p }: ScryptCost): void {
  const isPowerOfTwo =
    Number.isSafeInteger(N) && N > 1 && N <= intMax && Number.isInteger(Math.log2(N))
  if (!isPowerOfTwo) throw new RangeError(`scrypt N = ${N} is not a power of two over 1`)
  if (!Number.isSafeInteger(r) || r < 1) throw new RangeError(`scrypt r = ${r} is not 1 or more`)
  if (!Number.isSafeInteger(p) || p < 1) throw new RangeError(`scrypt p = ${p} is not 1 or more`)
  const fits =
    r * p < 2 ** 30 && r <= intMax / 128 / p && r <= intMax / 256 && N <= intMax / 128 / r
  if (!fits) throw new RangeError(`scrypt N = ${N}, r = ${r}, p = ${p} needs too much memory`)
}
