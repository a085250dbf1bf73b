import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import { type MasterKey, open, seal, sealOverhead, validateMasterKey } from './seal.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await nodeKernel()
})

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const anyKey: fc.Arbitrary<MasterKey> = fc.record({
  encrypt: bytesOf(32),
  macK: bytesOf(16),
  macR: bytesOf(16),
})
const anyIv = bytesOf(16).filter((iv) => iv.some((byte) => byte !== 0))

const key: MasterKey = {
  encrypt: new Uint8Array(32).fill(1),
  macK: new Uint8Array(16).fill(2),
  macR: new Uint8Array(16).fill(3),
}
const iv = new Uint8Array(16).fill(9)

describe('sealing', () => {
  it('is undone by opening', () => {
    fc.assert(
      fc.property(anyKey, anyIv, fc.uint8Array({ maxLength: 200 }), (anyOne, anIv, plaintext) => {
        const sealed = seal(kernel, anyOne, plaintext, anIv)
        expect(sealed.length).toBe(plaintext.length + sealOverhead)
        expect(open(kernel, anyOne, sealed, 'it')).toEqual(plaintext)
      }),
    )
  })

  it('shows a change of any bit', () => {
    const sealed = seal(kernel, key, Uint8Array.of(1, 2, 3), iv)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => open(kernel, key, changed, 'pack 12')).toThrow(
        expect.objectContaining({ code: 'CORRUPT', what: 'pack 12', check: 'mac' }),
      )
    }
  })

  it('is not opened with another key', () => {
    const sealed = seal(kernel, key, Uint8Array.of(1), iv)
    const other = { ...key, macR: new Uint8Array(16).fill(4) }
    expect(() => open(kernel, other, sealed, 'it')).toThrow(
      expect.objectContaining({ check: 'mac' }),
    )
  })

  it('is refused when it is cut short', () => {
    const sealed = seal(kernel, key, Uint8Array.of(1, 2), iv)
    for (let length = 0; length < sealed.length; length++) {
      const check = length < sealOverhead ? 'length' : 'mac'
      expect(() => open(kernel, key, sealed.subarray(0, length), 'it')).toThrow(
        expect.objectContaining({ check }),
      )
    }
  })

  it('never uses an iv of zeros', () => {
    const zero = new Uint8Array(16)
    expect(() => seal(kernel, key, Uint8Array.of(1), zero)).toThrow(TypeError)
    expect(() => seal(kernel, key, Uint8Array.of(1), iv.subarray(1))).toThrow(TypeError)
    expect(() => open(kernel, key, new Uint8Array(40), 'it')).toThrow(
      expect.objectContaining({ check: 'value' }),
    )
  })
})

describe('validateMasterKey', () => {
  it('refuses parts that are zero or of another length', () => {
    expect(() => validateMasterKey(key, 'key')).not.toThrow()
    for (const part of ['encrypt', 'macK', 'macR'] as const) {
      const zero = { ...key, [part]: new Uint8Array(key[part].length) }
      expect(() => validateMasterKey(zero, 'key')).toThrow(
        expect.objectContaining({ what: 'key', check: 'value' }),
      )
      const short = { ...key, [part]: key[part].subarray(1) }
      expect(() => validateMasterKey(short, 'key')).toThrow(
        expect.objectContaining({ check: 'length' }),
      )
    }
  })
})
