import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromBase64, toBase64 } from './base64.ts'

it('writes and reads what Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(toBase64(bytes)).toBe(text)
      expect(fromBase64(text)).toEqual(bytes)
    }),
  )
})

it('skips line ends', () => {
  expect(fromBase64('QU\r\nJD\n')).toEqual(Uint8Array.of(0x41, 0x42, 0x43))
})

it.each([
  'A',
  'AA',
  'AAA',
  'AA=',
  'A===',
  '=',
  '====',
  'AA=A',
  'AAAA=',
  'AA_-',
  'AA A',
  'AA\u00e9A',
])('refuses %j', (text) => {
  expect(fromBase64(text)).toBeUndefined()
})
