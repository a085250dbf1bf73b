import { cutBounds } from '../cut-bounds.ts'
import type { Chunker } from '../kernel.ts'
import { rabinTables, splitMask, windowLength } from '../rabin-tables.ts'

/**
 * The chunker in plain TypeScript: what the fast ones are tested against, and what runs where
 * there is no WebAssembly.
 *
 * restic starts each chunk with an empty window and the byte 1, skips 512 KiB - 64 bytes and hashes
 * from there. The digest depends on the last 64 bytes alone, so at the first place where a cut is
 * allowed the artificial byte has left and only real bytes count.
 *
 * A digest of 53 bits is kept in two halves of 32: `high` has 21 bits, and bits 45 to 52, which
 * choose the entry of `mod`, are `high >>> 13`.
 *
 * @throws RangeError when the degree of the polynomial is not 53.
 */
export function referenceChunker(polynomial: bigint): Chunker {
  const tables = rabinTables(polynomial)
  const [outHigh, outLow] = halves(tables.out)
  const [modHigh, modLow] = halves(tables.mod)
  return {
    cut(data, start, end) {
      const { first, last, isLimit } = cutBounds(data, start, end)
      if (last < first) return 0
      let high = 0
      let low = 0
      for (let at = first - windowLength; at < first; at++) {
        const entry = high >>> 13
        high = ((high << 8) | (low >>> 24)) ^ (modHigh[entry] as number)
        low = ((low << 8) | (data[at] as number)) ^ (modLow[entry] as number)
      }
      for (let at = first; at < last; at++) {
        if ((low & splitMask) === 0) return at - start
        const leaving = data[at - windowLength] as number
        high ^= outHigh[leaving] as number
        low ^= outLow[leaving] as number
        const entry = high >>> 13
        high = ((high << 8) | (low >>> 24)) ^ (modHigh[entry] as number)
        low = ((low << 8) | (data[at] as number)) ^ (modLow[entry] as number)
      }
      return (low & splitMask) === 0 || isLimit ? last - start : 0
    },
  }
}

function halves(table: BigUint64Array): readonly [Int32Array, Int32Array] {
  const high = new Int32Array(table.length)
  const low = new Int32Array(table.length)
  table.forEach((entry, index) => {
    high[index] = Number(entry >> 32n)
    low[index] = Number(BigInt.asIntN(32, entry))
  })
  return [high, low]
}
