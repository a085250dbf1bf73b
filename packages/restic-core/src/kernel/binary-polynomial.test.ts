import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { degree, greatestCommonDivisor, multiply, remainder, square } from './binary-polynomial.ts'

const polynomial = fc.bigInt({ min: 0n, max: 2n ** 120n })
const nonZero = polynomial.filter((p) => p !== 0n)

describe('binary polynomials', () => {
  it('are multiplied without carries: (x + 1)^2 = x^2 + 1', () => {
    expect(multiply(0b11n, 0b11n)).toBe(0b101n)
    expect(square(0b11n)).toBe(0b101n)
    expect(square(0n)).toBe(0n)
  })

  it('leave the remainder that makes quotient and product agree', () => {
    fc.assert(
      fc.property(nonZero, polynomial, polynomial, (divisor, quotient, rest) => {
        const small = remainder(rest, divisor)
        expect(degree(small)).toBeLessThan(degree(divisor))
        expect(remainder(multiply(divisor, quotient) ^ small, divisor)).toBe(small)
      }),
    )
    expect(() => remainder(1n, 0n)).toThrow(RangeError)
  })

  it('are squared as they are multiplied', () => {
    fc.assert(
      fc.property(polynomial, (p) => {
        expect(square(p)).toBe(multiply(p, p))
      }),
    )
  })

  it('have a greatest common divisor that a shared factor divides', () => {
    fc.assert(
      fc.property(nonZero, nonZero, nonZero, (a, b, shared) => {
        const divisor = greatestCommonDivisor(multiply(a, shared), multiply(b, shared))
        expect(remainder(divisor, shared)).toBe(0n)
        expect(remainder(multiply(a, shared), divisor)).toBe(0n)
        expect(remainder(multiply(b, shared), divisor)).toBe(0n)
      }),
    )
  })
})
