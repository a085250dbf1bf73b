import { describe, expect, it } from 'vitest'
import type { Kernel, ScryptCost } from './kernel.ts'
import { calibrateScrypt, validateScryptCost } from './scrypt-cost.ts'

describe('calibrating scrypt', () => {
  it.each([
    ['fast', 50, { N: 32_768, r: 8, p: 10 }],
    ['as slow as the limit', 500, { N: 32_768, r: 8, p: 1 }],
    ['slow', 501, { N: 16_384, r: 8, p: 1 }],
    ['very slow', 4000, { N: 4096, r: 8, p: 1 }],
    ['without a clock that moves', 0, { N: 32_768, r: 8, p: 8 }],
    ['stuck', Infinity, { N: 1024, r: 8, p: 1 }],
  ])('chooses for a machine that is %s', (_, msAtFullCost, expected) => {
    const machine = machineThatTakes(msAtFullCost)
    expect(calibrateScrypt(machine.kernel, machine.nowMs)).toEqual(expected)
  })

  it('respects another limit', () => {
    const machine = machineThatTakes(50)
    expect(calibrateScrypt(machine.kernel, machine.nowMs, 100)).toEqual({ N: 32_768, r: 8, p: 2 })
    expect(calibrateScrypt(machine.kernel, machine.nowMs, 25)).toEqual({ N: 16_384, r: 8, p: 1 })
  })
})

describe('the cost of a key file', () => {
  it.each<ScryptCost>([
    { N: 2, r: 1, p: 1 },
    { N: 32_768, r: 8, p: 10 },
    { N: 2 ** 23, r: 1, p: 1 },
    { N: 2, r: 8_388_607, p: 1 },
    { N: 2, r: 8, p: 2_000_000 },
  ])('is accepted: %o', (cost) => {
    expect(() => validateScryptCost(cost)).not.toThrow()
  })

  it.each<ScryptCost>([
    { N: 0, r: 8, p: 1 },
    { N: 1, r: 8, p: 1 },
    { N: 3, r: 8, p: 1 },
    { N: 1.5, r: 8, p: 1 },
    { N: -2, r: 8, p: 1 },
    { N: Number.NaN, r: 8, p: 1 },
    { N: 2 ** 31, r: 1, p: 1 },
    { N: 32_768, r: 0, p: 1 },
    { N: 32_768, r: 8, p: 0 },
    { N: 32_768, r: 8, p: 1.5 },
    { N: 2 ** 24, r: 1, p: 1 },
    { N: 2 ** 21, r: 8, p: 1 },
    { N: 2, r: 8_388_608, p: 1 },
    { N: 2, r: 8, p: 2_100_000 },
    { N: 2, r: 2 ** 15, p: 2 ** 15 },
  ])('is refused: %o', (cost) => {
    expect(() => validateScryptCost(cost)).toThrow(RangeError)
  })
})

/** A kernel whose scrypt takes no time, and a clock that says it took what the cost deserves. */
function machineThatTakes(msAtFullCost: number): {
  readonly kernel: Pick<Kernel, 'scrypt'>
  readonly nowMs: () => number
} {
  let now = 0
  const scrypt: Kernel['scrypt'] = (_password, _salt, { N, p }, length) => {
    now += msAtFullCost === Infinity ? 10_000 : msAtFullCost * (N / 32_768) * p
    return new Uint8Array(length)
  }
  return { kernel: { scrypt }, nowMs: () => now }
}
