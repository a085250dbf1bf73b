import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromHex, toHex } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { referencePoly1305 } from '../kernel/reference/poly1305.ts'
import { noise } from './sample-files.ts'

export function describePoly1305(kernel: () => Kernel): void {
  it('gives the tag of RFC 8439, section 2.5.2', () => {
    const key = fromHex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b')
    const message = new TextEncoder().encode('Cryptographic Forum Research Group')
    expect(toHex(kernel().poly1305(key, message))).toBe('a8061dc1305136c6c22b8baf0c0127a9')
  })

  it.each(nearThePrime)(
    'carries and wraps as RFC 8439, appendix A.3 asks: %s',
    (_, key, message, tag) => {
      expect(toHex(kernel().poly1305(fromHex(key), fromHex(message)))).toBe(tag)
    },
  )

  it('agrees with the definition', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
    // Bytes of all ones and all zeros carry furthest.
    const byte = fc.oneof(fc.constantFrom(0, 1, 0xfb, 0xff), fc.nat(255))
    const message = fc.array(byte, { maxLength: 200 }).map((list) => Uint8Array.from(list))
    fc.assert(
      fc.property(fc.oneof(key, fc.constant(new Uint8Array(32).fill(0xff))), message, (k, m) => {
        expect(toHex(kernel().poly1305(k, m))).toBe(toHex(referencePoly1305(k, m)))
      }),
      { numRuns: 500 },
    )
  })

  it.each([4096, 122_879, 122_880, 122_881, 245_760, 300_007])(
    'agrees with the definition on %i bytes, in scratch memory and elsewhere',
    (length) => {
      const key = noise(32, length)
      const message = noise(length, 5)
      const expected = toHex(referencePoly1305(key, message))
      expect(toHex(kernel().poly1305(key, message))).toBe(expected)
      const scratch = kernel()
        .scratch(length + 3)
        .subarray(3, length + 3)
      scratch.set(message)
      expect(toHex(kernel().poly1305(key, scratch))).toBe(expected)
    },
  )

  it('refuses keys of other lengths', () => {
    for (const length of [0, 16, 31, 33]) {
      expect(() => kernel().poly1305(new Uint8Array(length), new Uint8Array(1))).toThrow(Error)
    }
  })
}

const zeros = '00'.repeat(16)
const ones = 'ff'.repeat(16)
const two = `02${'00'.repeat(15)}`
const one = `01${'00'.repeat(15)}`

const nearThePrime: readonly (readonly [string, string, string, string])[] = [
  ['2^130 - 5 wraps', two + zeros, ones, `03${'00'.repeat(15)}`],
  ['the sum with s wraps', two + ones, two, `03${'00'.repeat(15)}`],
  [
    'a carry out of 2^128',
    one + zeros,
    `${ones}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`,
    `05${'00'.repeat(15)}`,
  ],
  ['the sum is the prime', one + zeros, `${ones}fb${'fe'.repeat(15)}${'01'.repeat(16)}`, zeros],
  [
    'the last wrap carries through two limbs of 32 bits',
    one + zeros,
    `fb${'ff'.repeat(15)}${zeros}${'00'.repeat(8)}01${'00'.repeat(7)}`,
    `${'00'.repeat(8)}01${'00'.repeat(7)}`,
  ],
  ['the sum is one below', two + zeros, `fd${'ff'.repeat(15)}`, `fa${'ff'.repeat(15)}`],
]
