import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyBytes } from '../../tests/format-arbitraries.ts'
import { compareBytes } from '../base/bytes.ts'
import { compareNames, isSafeName, nameFromBytes, nameToBytes } from './name.ts'

describe('names', () => {
  it('keep any bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(nameToBytes(nameFromBytes(bytes))).toEqual(bytes)
      }),
    )
  })

  it('are what they look like when they are UTF-8, short or long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(100), (text, padding) => {
        const name = text.toWellFormed().padEnd(padding, 'x')
        expect(nameFromBytes(new TextEncoder().encode(name))).toBe(name)
      }),
    )
  })

  it('keep a byte order mark and bytes that are not UTF-8, in long names too', () => {
    const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, ...Array<number>(200).fill(0x61), 0xff, 0xc3])
    const name = nameFromBytes(bytes)
    expect(name).toBe(`\ufeff${'a'.repeat(200)}\udcff\udcc3`)
    expect(nameToBytes(name)).toEqual(bytes)
  })

  it('hold surrogates that stand for no byte as bytes that read back as themselves', () => {
    const bytes = nameToBytes('\ud800x')
    expect(bytes).toEqual(Uint8Array.of(0xed, 0xa0, 0x80, 0x78))
    expect(nameToBytes(nameFromBytes(bytes))).toEqual(bytes)
  })

  it('are in the order of their bytes', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, fc.nat(5), (a, b, sharedLength) => {
        const other = Uint8Array.from([...a.subarray(0, sharedLength), ...b])
        const order = Math.sign(compareBytes(a, other))
        expect(Math.sign(compareNames(nameFromBytes(a), nameFromBytes(other)))).toBe(order)
      }),
    )
  })

  it('are in the order of their bytes where UTF-16 differs', () => {
    expect(compareNames('\uffff', '\u{10000}')).toBeLessThan(0)
    expect(compareNames('\udc80', 'a')).toBeGreaterThan(0)
    expect(compareNames('\udc80', '\u00e9')).toBeLessThan(0)
  })
})

describe('isSafeName', () => {
  it.each(['', '.', '..', '/', 'a/b', '../x', 'a\0b'])('refuses %j anywhere', (name) => {
    expect(isSafeName(name)).toBe(false)
    expect(isSafeName(name, true)).toBe(false)
  })

  const onlyUnix = [
    'a\\b',
    'C:',
    'file:stream',
    'a*',
    'a?',
    '"',
    '<',
    '|',
    'tab\t',
    'dot.',
    'blank ',
    'CON',
    'nul',
    'Aux.txt',
    'com1',
    'LPT9.log',
    'com\u00b2',
    'CONIN$',
    'nul .x',
    '\udcff',
  ]
  it.each(onlyUnix)('refuses %j for Windows only', (name) => {
    expect(isSafeName(name)).toBe(true)
    expect(isSafeName(name, true)).toBe(false)
  })

  it.each(['...', '.hidden', 'a..b', 'console', 'com', 'com10x', '\u6f22', '\u{1f600}'])(
    'takes %j',
    (name) => {
      expect(isSafeName(name)).toBe(true)
      expect(isSafeName(name, true)).toBe(name !== '...')
    },
  )
})
