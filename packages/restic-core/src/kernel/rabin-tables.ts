import { degree, multiply, remainder } from './binary-polynomial.ts'

/** Bytes the digest depends on. */
export const windowLength = 64
/** A chunk ends where these bits of the digest are all zero: one byte in 2^20. */
export const splitMask = 0xfffff

const polynomialDegree = 53

/**
 * What one byte does to a digest modulo a polynomial P of degree 53, 256 entries each.
 * Source: restic's design document, section "Backups and Deduplication", and its chunker.
 */
export interface RabinTables {
  /** `out[b] = b * x^(8 * 63) mod P`: what byte b still adds when it is about to leave the window. */
  readonly out: BigUint64Array
  /**
   * `mod[b] = (b * x^53 mod P) ^ (b * x^53)`: adding it to a digest that was shifted by 8 bits clears
   * b, the 8 bits above x^52, and reduces the digest. Up to 61 bits.
   */
  readonly mod: BigUint64Array
}

/** @throws RangeError when the degree is not 53. */
export function rabinTables(polynomial: bigint): RabinTables {
  if (degree(polynomial) !== polynomialDegree) {
    throw new RangeError(`chunker polynomial of degree ${degree(polynomial)}, not 53`)
  }
  const leaving = remainder(1n << BigInt(8 * (windowLength - 1)), polynomial)
  return {
    out: byteTable((byte) => remainder(multiply(byte, leaving), polynomial)),
    mod: byteTable((byte) => {
      const above = byte << BigInt(polynomialDegree)
      return remainder(above, polynomial) ^ above
    }),
  }
}

function byteTable(entry: (byte: bigint) => bigint): BigUint64Array {
  return BigUint64Array.from({ length: 256 }, (_, byte) => entry(BigInt(byte)))
}
