import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyName } from '../../tests/format-arbitraries.ts'
import { quoteName, unquoteName } from './name-quoting.ts'

describe('quoting', () => {
  it('comes back from unquoting, and is Unicode without control characters', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const quoted = quoteName(name)
        expect(quoted.isWellFormed()).toBe(true)
        expect(quoted).not.toMatch(/\p{Cc}/u)
        expect(unquoteName(quoted)).toBe(name)
      }),
    )
  })

  it('leaves single quotes and printable characters alone', () => {
    expect(quoteName("it's `printable`: \u00e9 \u6f22 \u{1f600} \ufffd")).toBe(
      "it's `printable`: \u00e9 \u6f22 \u{1f600} \ufffd",
    )
  })
})

describe('unquoting', () => {
  it.each([
    ['octal', '\\101\\377', 'A\udcff'],
    ['upper-case hex', '\\xFF\\u00E9\\U0001F600', '\udcff\u00e9\u{1f600}'],
    ['escaped bytes that are UTF-8 together', '\\xc3\\xa9', '\u00e9'],
    ['the letters', '\\a\\b\\t\\n\\v\\f\\r\\"\\\\', '\u0007\b\t\n\v\f\r"\\'],
  ])('takes %s, as Go does', (_, quoted, name) => {
    expect(unquoteName(quoted)).toBe(name)
  })

  it.each(['"', 'a"b', 'line\nend', '\\', 'a\\', "\\'", '\\q', '\\x4', '\\xzz', '\\400', '\\12'])(
    'refuses %j, as Go does',
    (quoted) => {
      expect(unquoteName(quoted)).toBeUndefined()
    },
  )

  it.each(['\\ud800', '\\udfff', '\\U00110000', '\\Uffffffff', '\\U0000d800', '\\u12'])(
    'refuses %j, which is no character',
    (quoted) => {
      expect(unquoteName(quoted)).toBeUndefined()
    },
  )

  it('takes a name of megabytes', () => {
    const plain = 'a'.repeat(8_000_000)
    expect(unquoteName(plain)).toBe(plain)
    expect(unquoteName(`${plain}"`)).toBeUndefined()
    expect(unquoteName('\\x00'.repeat(1_000_000))).toBe('\0'.repeat(1_000_000))
  })
})
