import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { damagedFrom } from '../../tests/format-arbitraries.ts'
import { CorruptDataError } from '../base/errors.ts'
import { JsonReader, KnownStrings, brace, bracket } from './json-reader.ts'
import { jsonDepthMax } from './json.ts'
import { nameFromBytes } from './name.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
/** TextDecoder makes one U+FFFD of several bytes where Go makes one of each. */
const decode = (bytes: Uint8Array): string => nameFromBytes(bytes).toWellFormed()
const readerOf = (text: string): JsonReader => new JsonReader(encode(text), 'it')
const anyNames = new KnownStrings<string>([])

/** Builds what JSON.parse builds, of the reader's tokens. */
function readAny(reader: JsonReader): unknown {
  const byte = reader.peek()
  if (byte === bracket) {
    const list: unknown[] = []
    for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
      list.push(readAny(reader))
    }
    return list
  }
  if (byte === brace) {
    const members: [string, unknown][] = []
    for (let more = reader.enter(brace); more; more = reader.next(brace)) {
      members.push([reader.member(anyNames), readAny(reader)])
    }
    return Object.fromEntries(members)
  }
  if (byte === 0x22) return reader.string()
  if (reader.takeNull()) return null
  const start = reader.at
  reader.skip()
  return JSON.parse(decode(reader.bytes.subarray(start, reader.at)))
}

function readWhole(bytes: Uint8Array): unknown {
  const reader = new JsonReader(bytes, 'it')
  const value = readAny(reader)
  reader.end()
  return value
}

const anyJson = fc
  .tuple(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent))
const structure = '{}[]",:\\ \n\u00010123.eE+-ntfu'

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('JsonReader', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        const expected = JSON.parse(json, (_, value: unknown) =>
          typeof value === 'string' ? value.toWellFormed() : value,
        )
        expect(readWhole(encode(json))).toEqual(expected)
      }),
    )
  })

  it('refuses what JSON.parse refuses, and nothing else', () => {
    fc.assert(
      fc.property(damagedFrom(anyJson.map(encode), structure), (bytes) => {
        let expected: unknown
        try {
          expected = JSON.parse(decode(bytes))
        } catch {
          expect(() => readWhole(bytes)).toThrow(CorruptDataError)
          return
        }
        expect(JSON.stringify(readWhole(bytes))).toBe(JSON.stringify(expected))
      }),
      { numRuns: 2000 },
    )
  })

  it('reads bytes that are not UTF-8 and lone surrogates as U+FFFD, one for each', () => {
    const bytes = Uint8Array.of(0x22, 0x61, 0xe2, 0x82, 0xff, 0x22)
    expect(new JsonReader(bytes, 'it').string()).toBe('a\ufffd\ufffd\ufffd')
    expect(readerOf('"\\ud800 \\ud83d\\ude00 \\udc80\\n"').string()).toBe(
      '\ufffd \u{1f600} \ufffd\n',
    )
  })

  it('gives members it knows in any order, escaped or not', () => {
    const names = new KnownStrings(['id', 'ids', 'type'])
    const reader = readerOf('{"type" : 1, "id":2 ,"\\u0069ds":3,"i":4,"ids":5}')
    const seen = []
    for (let more = reader.enter(brace); more; more = reader.next(brace)) {
      seen.push(reader.member(names), reader.unsigned(9))
    }
    expect(seen).toEqual(['type', 1, 'id', 2, 'ids', 3, 'i', 4, 'ids', 5])
  })

  it.each(['-1', '01', '1.0', '1e3', '1E3', '', 'x', '"1"', 'null', '+1'])(
    'takes %j for no whole number',
    (text) => {
      expect(() => readerOf(text).unsigned(100)).toThrow(CorruptDataError)
      expect(() => readerOf(text).unsigned64()).toThrow(CorruptDataError)
    },
  )

  it('reads every number of 64 bits exactly', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        expect(readerOf(String(value)).unsigned64()).toBe(value)
      }),
    )
    for (const value of [2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      expect(readerOf(String(value)).unsigned64()).toBe(value)
    }
  })

  it.each([`${2n ** 64n}`, `${2n ** 64n + 1n}`, '9'.repeat(10_000)])(
    'finds %s too large',
    (text) => {
      expect(() => readerOf(text).unsigned64()).toThrow(expect.objectContaining({ check: 'value' }))
      expect(() => readerOf(text).unsigned(2 ** 32 - 1)).toThrow(CorruptDataError)
    },
  )

  it('reads ids in either case, and nothing that is not 64 hex digits', () => {
    const id = '0123456789abcdef'.repeat(4)
    const bytes = new Uint8Array(33)
    for (const text of [id, id.toUpperCase(), `\\u0030${id.slice(1)}`]) {
      expect(readerOf(`"${text}"`).hexId()).toBe(id)
      readerOf(` "${text}"`).hexBytes(bytes, 1)
      expect(Buffer.from(bytes).toString('hex')).toBe(`00${id}`)
    }
    for (const text of [
      '',
      id.slice(1),
      `${id}0`,
      id.replace('7', 'g'),
      id.replace('7', '\u00e9'),
    ]) {
      expect(() => readerOf(`"${text}"`).hexId()).toThrow(CorruptDataError)
      expect(() => readerOf(`"${text}"`).hexBytes(bytes, 0)).toThrow(CorruptDataError)
    }
  })

  it('refuses nesting that would overflow the stack', () => {
    expect(() => readerOf(nested(jsonDepthMax)).skip()).not.toThrow()
    expect(() => readerOf(nested(jsonDepthMax + 1)).skip()).toThrow(CorruptDataError)
    expect(() => readerOf('{"a":'.repeat(1_000_000)).skip()).toThrow(CorruptDataError)
  })
})
