import { degree, greatestCommonDivisor, remainder, square } from '../kernel/binary-polynomial.ts'

/**
 * The polynomial of the chunker, one per repository. Bit i of the bigint is the coefficient of x^i.
 */
export const polynomialDegree = 53

const x = 2n
// One candidate in 27 is irreducible, so a source of randomness that fails this often is broken.
const candidatesMax = 1_000_000

/**
 * Draws an irreducible polynomial of degree 53 the way restic does: 8 random bytes as a
 * little-endian number, bits above 53 cleared, bits 53 and 0 set, until one is irreducible.
 *
 * @throws Error when `random` gives no irreducible polynomial a million times
 */
export function drawPolynomial(random: (length: number) => Uint8Array): bigint {
  for (let candidate = 0; candidate < candidatesMax; candidate++) {
    const polynomial = candidatePolynomial(random(8))
    if (isIrreducible(polynomial)) return polynomial
  }
  throw new Error(`no irreducible polynomial among ${candidatesMax} random ones`)
}

/** @param bytes 8 of them */
export function candidatePolynomial(bytes: Uint8Array): bigint {
  const drawn = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  return BigInt.asUintN(polynomialDegree, drawn) | (1n << BigInt(polynomialDegree)) | 1n
}

/**
 * Ben-Or's test: f is irreducible when it shares no factor with x^(2^i) - x for any i up to half its
 * degree, since that is the product of all irreducible polynomials whose degree divides i.
 */
export function isIrreducible(polynomial: bigint): boolean {
  const factorDegreeMax = Math.floor(degree(polynomial) / 2)
  if (degree(polynomial) < 1) return false
  let power = x
  for (let factorDegree = 1; factorDegree <= factorDegreeMax; factorDegree++) {
    power = remainder(square(power), polynomial)
    if (greatestCommonDivisor(polynomial, power ^ x) !== 1n) return false
  }
  return true
}

/** As the config file writes it: lowercase hex without a prefix. */
export function formatPolynomial(polynomial: bigint): string {
  return polynomial.toString(16)
}

/** @throws RangeError when `text` is not lowercase hex of an irreducible polynomial of degree 53 */
export function parsePolynomial(text: string): bigint {
  if (!/^[0-9a-f]{1,16}$/.test(text)) {
    throw new RangeError(`not a polynomial: ${JSON.stringify(text)}`)
  }
  const polynomial = BigInt(`0x${text}`)
  if (degree(polynomial) !== polynomialDegree) {
    throw new RangeError(`chunker polynomial ${text} is not of degree ${polynomialDegree}`)
  }
  if (!isIrreducible(polynomial)) throw new RangeError(`chunker polynomial ${text} is reducible`)
  return polynomial
}
