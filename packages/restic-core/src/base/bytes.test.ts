import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, concatBytes, equalBytes, fromHex, toHex, totalLength } from './bytes.ts'

const anyBytes = fc.uint8Array({ maxLength: 40 })

describe('hex', () => {
  it('is what Node makes of it, and comes back as it was', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const hex = toHex(bytes)
        expect(hex).toBe(Buffer.from(bytes).toString('hex'))
        expect(fromHex(hex)).toEqual(bytes)
        expect(fromHex(hex.toUpperCase())).toEqual(bytes)
      }),
    )
  })

  it('is refused with half a byte, and with anything that is no digit', () => {
    expect(() => fromHex('abc')).toThrow(TypeError)
    for (const digit of ['g', 'G', '/', ':', '@', '`', ' ', '\u0660', 'é']) {
      expect(() => fromHex(`0${digit}`)).toThrow(TypeError)
      expect(() => fromHex(`${digit}0`)).toThrow(TypeError)
    }
  })
})

describe('bytes', () => {
  it('are joined, compared and ordered as Node does it', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (a, b) => {
        expect(concatBytes([a, b])).toEqual(new Uint8Array(Buffer.concat([a, b])))
        expect(totalLength([a, b])).toBe(a.length + b.length)
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(equalBytes(a, a.slice())).toBe(true)
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
      }),
    )
  })

  it('are compared to the last one, wherever they begin in memory', () => {
    const anyPlace = fc.nat(8)
    fc.assert(
      fc.property(anyPlace, anyPlace, fc.nat(3000), fc.nat(), (aAt, bAt, length, differs) => {
        const a = new Uint8Array(length + aAt).fill(7).subarray(aAt)
        const b = new Uint8Array(length + bAt).fill(7).subarray(bAt)
        expect(equalBytes(a, b)).toBe(true)
        if (length === 0) return
        b[differs % length] = 8
        expect(equalBytes(a, b)).toBe(false)
      }),
    )
  })
})
