import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noise } from '../testing/sample-files.ts'
import {
  candidatePolynomial,
  drawPolynomial,
  formatPolynomial,
  isIrreducible,
  parsePolynomial,
} from './polynomial.ts'

interface ChunkerVectors {
  readonly derive: {
    readonly candidates: readonly (readonly [drawn: string, polynomial: string, boolean])[]
    readonly firstIrreducibleTry: unknown
  }
}

const file = new URL('../../../../fixtures/vectors/chunker.json', import.meta.url)
const { derive } = JSON.parse(readFileSync(file, 'utf8')) as ChunkerVectors

/** The vectors write what was drawn as a number. */
function drawnBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(`0x${hex}`), true)
  return bytes
}

describe('the chunker polynomial', () => {
  it.each(derive.candidates)('drawn from %s is %s; irreducible: %s', (drawn, text, irreducible) => {
    const polynomial = candidatePolynomial(drawnBytes(drawn))
    expect(formatPolynomial(polynomial)).toBe(text)
    expect(isIrreducible(polynomial)).toBe(irreducible)
    if (irreducible) expect(parsePolynomial(text)).toBe(polynomial)
    else expect(() => parsePolynomial(text)).toThrow(RangeError)
  })

  it('is the first irreducible candidate that is drawn', () => {
    const draws = derive.candidates.map(([drawn]) => drawnBytes(drawn))
    const expected = derive.candidates.find(([, , irreducible]) => irreducible)
    const drawn = drawPolynomial(() => draws.shift() ?? new Uint8Array(8))
    expect(formatPolynomial(drawn)).toBe(expected?.[1])
  })

  it('is irreducible of degree 53 whatever the randomness', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        let draw = seed
        const polynomial = drawPolynomial((length) => noise(length, draw++))
        expect(polynomial >> 53n).toBe(1n)
        expect(isIrreducible(polynomial)).toBe(true)
        expect(parsePolynomial(formatPolynomial(polynomial))).toBe(polynomial)
      }),
      { numRuns: 20 },
    )
  })

  it('is not found when the randomness is broken', () => {
    let calls = 0
    const broken = (length: number): Uint8Array => {
      if (++calls > 30) throw new RangeError('asked more than 30 times')
      return new Uint8Array(length)
    }
    expect(() => drawPolynomial(broken)).toThrow(RangeError)
  })

  it.each([
    '',
    '0',
    '3DA3358B4DC173',
    '0x3da3358b4dc173',
    '3da3358b4dc17',
    ' 3da3358b4dc173',
    'ff',
  ])('is not written %j', (text) => {
    expect(() => parsePolynomial(text)).toThrow(RangeError)
  })
})

describe('irreducibility', () => {
  it('of small polynomials is what division by all smaller ones says', () => {
    for (let p = 0; p < 1024; p++)
      expect([p, isIrreducible(BigInt(p))]).toEqual([p, hasNoFactor(p)])
  })
})

function hasNoFactor(p: number): boolean {
  for (let factor = 2; factor < p; factor++) if (divides(factor, p)) return false
  return p > 1
}

function divides(factor: number, product: number): boolean {
  let rest = product
  while (rest >= factor && Math.clz32(rest) <= Math.clz32(factor)) {
    rest ^= factor << (Math.clz32(factor) - Math.clz32(rest))
    if (rest === 0) return true
  }
  return false
}
