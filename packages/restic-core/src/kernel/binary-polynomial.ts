/**
 * Arithmetic on polynomials whose coefficients are 0 and 1. Bit i of the bigint is the coefficient
 * of x^i, so addition is XOR.
 */

/** -1 for the zero polynomial. */
export function degree(a: bigint): number {
  return a === 0n ? -1 : a.toString(2).length - 1
}

/** @throws RangeError when `modulus` is zero. */
export function remainder(a: bigint, modulus: bigint): bigint {
  const modulusDegree = degree(modulus)
  if (modulusDegree < 0) throw new RangeError('division by the zero polynomial')
  let rest = a
  for (let high = degree(rest); high >= modulusDegree; high = degree(rest)) {
    rest ^= modulus << BigInt(high - modulusDegree)
  }
  return rest
}

export function multiply(a: bigint, b: bigint): bigint {
  let product = 0n
  for (let factor = a, term = b; factor !== 0n; factor >>= 1n, term <<= 1n) {
    if ((factor & 1n) === 1n) product ^= term
  }
  return product
}

/** Squaring moves the coefficient of x^i to x^2i: in characteristic two the mixed terms vanish. */
export function square(a: bigint): bigint {
  return BigInt(`0b${a.toString(2).split('').join('0')}`)
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [high, low] = [a, b]
  while (low !== 0n) [high, low] = [low, remainder(high, low)]
  return high
}
