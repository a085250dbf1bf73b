import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noise } from 'restic-core/testing'
import { pieceLength, uploadBody } from './upload-body.ts'

const lengths = fc.array(
  fc.oneof(fc.nat(100), fc.nat(70_000), fc.integer({ min: 32_760, max: 32_780 })),
  { maxLength: 60 },
)

describe('uploadBody', () => {
  it('sends the bytes of the list in order, each time it is sent', () => {
    fc.assert(
      fc.property(lengths, (list) => {
        const parts = list.map((length, seed) => noise(length, seed))
        const whole = Buffer.concat(parts)
        const body = uploadBody(parts)
        expect(body.length).toBe(whole.length)
        for (let attempt = 0; attempt < 2; attempt++) {
          const pieces = [...body.pieces()]
          expect(Buffer.concat(pieces).equals(whole)).toBe(true)
          expect(pieces.every(({ length }) => length > 0 && length <= pieceLength)).toBe(true)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('does not touch a piece again that it has given away', () => {
    const parts = Array.from({ length: 500 }, (_, seed) => noise(seed * 20, seed))
    const pieces: Uint8Array[] = []
    const copies: Uint8Array[] = []
    for (const piece of uploadBody(parts).pieces()) {
      pieces.push(piece)
      copies.push(piece.slice())
    }
    expect(pieces).toEqual(copies)
  })

  it('copies small arrays together and cuts long ones without a copy', () => {
    const small = Array.from({ length: 1000 }, (_, seed) => noise(100, seed))
    expect([...uploadBody(small).pieces()]).toHaveLength(1)
    const long = noise(2 * pieceLength + 5, 1)
    const pieces = [...uploadBody([long]).pieces()]
    expect(pieces.map(({ length }) => length)).toEqual([pieceLength, pieceLength, 5])
    expect(pieces.every(({ buffer }) => buffer === long.buffer)).toBe(true)
  })
})
