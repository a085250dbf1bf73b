/** Random values of the format, and damaged ones, for property tests. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { isResticError } from '../src/base/errors.ts'
import type { BlobId } from '../src/base/id.ts'
import { compareNames, nameFromBytes } from '../src/format/name.ts'
import { type ExtendedAttribute, type Node, nodeTypes } from '../src/format/node.ts'
import type { PackEntry } from '../src/format/pack-header.ts'
import { formatTime } from '../src/format/time.ts'

const encoder = new TextEncoder()

/** Pieces that quoting, escaping or decoding might get wrong. */
const awkward = fc.constantFrom(
  '"',
  '\\',
  '\\x41',
  "'",
  '`',
  '<>&',
  '\0',
  '\u0007\b\f\n\r\t\v',
  '\u001b',
  '\u007f',
  '\u0080',
  '\u00a0',
  '\u00ad',
  '\u200b',
  '\u2028\u2029',
  '\ufeff',
  '\ufffd',
  '\uffff',
  '\ue000',
  '\u{f0000}',
  '\u{10ffff}',
  '\u{1f600}',
  '\u6f22',
  '\u00e9',
  'e\u0301',
)
const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), awkward)

/** Any bytes: often text, sometimes text with bytes in between that are not UTF-8. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc
    .array(fc.oneof(fc.uint8Array({ maxLength: 3 }), text.map(toBytes)), { maxLength: 12 })
    .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part]))),
)

function toBytes(value: string): Uint8Array {
  return encoder.encode(value.toWellFormed())
}

/** Text without lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc
  .array(text, { maxLength: 4 })
  .map((parts) => parts.join('').toWellFormed())

export const anyName: fc.Arbitrary<string> = anyBytes
  .filter((bytes) => bytes.length > 0)
  .map(nameFromBytes)

export const anyId: fc.Arbitrary<BlobId> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex') as BlobId)

const secondsMin = -62_167_219_200
const secondsMax = 253_402_300_799
export const anyNs: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(BigInt(secondsMin) * 1_000_000_000n, BigInt(secondsMax) * 1_000_000_000n),
  fc
    .integer({ min: secondsMin, max: secondsMax })
    .map((seconds) => BigInt(seconds) * 1_000_000_000n),
)

/** Whole minutes, as every zone of today has. */
export const anyOffset: fc.Arbitrary<number> = fc
  .integer({ min: -18 * 60, max: 18 * 60 })
  .map((minutes) => minutes * 60)

export const anyTime: fc.Arbitrary<string> = fc
  .tuple(anyNs, anyOffset)
  .map(([ns, offset]) => formatTime(ns, { nowNs: () => 0n, utcOffset: () => offset }))

export const anyU32: fc.Arbitrary<number> = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
)
const anyU64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
)
const anyCount = fc.oneof(fc.nat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER))

const anyAttribute: fc.Arbitrary<ExtendedAttribute> = fc.record({
  name: anyText,
  value: fc.option(fc.uint8Array({ maxLength: 20 })),
})

/** Text of a JSON object, compact. */
const anyJsonObject = fc
  .dictionary(fc.string(), fc.jsonValue())
  .map((members) => JSON.stringify(members))

/** `"unknown…":…`, as a newer writer may add. */
const anyExtraText = fc
  .tuple(fc.string(), fc.jsonValue())
  .map(([key, value]) => `${JSON.stringify(`unknown ${key}`)}:${JSON.stringify(value)}`)

const anyNode: fc.Arbitrary<Node> = fc
  .record({
    name: anyName,
    type: fc.constantFrom(...nodeTypes),
    mode: anyU32,
    mtime: anyTime,
    atime: anyTime,
    ctime: anyTime,
    uid: anyU32,
    gid: anyU32,
    user: anyText,
    group: anyText,
    inode: anyU64,
    deviceId: anyU64,
    size: fc.option(anyCount, { nil: undefined }),
    links: anyCount,
    linktarget: fc.option(anyName, { nil: undefined }),
    extendedAttributes: fc.option(fc.array(anyAttribute, { minLength: 1, maxLength: 3 }), {
      nil: undefined,
    }),
    genericAttributes: fc.option(anyJsonObject, { nil: undefined }),
    device: anyU64,
    content: fc.option(fc.array(anyId, { maxLength: 3 })),
    subtree: fc.option(anyId, { nil: undefined }),
    error: fc.option(
      anyText.filter((error) => error !== ''),
      { nil: undefined },
    ),
    extra: fc.option(anyExtraText, { nil: undefined }),
  })
  // A file always has a size, and 0 is not written, so only a file's comes back.
  .map((node) => ({
    ...node,
    size: node.type === 'file' ? (node.size ?? 0) : node.size || undefined,
  }))

/** In the order of a tree. */
export const anyNodes: fc.Arbitrary<Node[]> = fc
  .uniqueArray(anyNode, { maxLength: 8, selector: (node) => node.name })
  .map((nodes) => nodes.toSorted((a, b) => compareNames(a.name, b.name)))

/** The blobs of one pack, in pack order. */
export const anyPackEntries: fc.Arbitrary<PackEntry[]> = fc
  .array(
    fc.record({
      type: fc.constantFrom('data' as const, 'tree' as const),
      id: anyId,
      length: fc.integer({ min: 32, max: 100_000_000 }),
      uncompressedLength: fc.oneof(fc.constant(0), anyU32),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((blobs) => {
    let offset = 0
    return blobs.map((blob) => {
      const entry = { ...blob, offset }
      offset += blob.length
      return entry
    })
  })

/** `bytes` with some of them changed, removed or added: what a broken disk or a bad writer gives. */
export function damagedFrom(
  bytes: fc.Arbitrary<Uint8Array>,
  alphabet: string,
): fc.Arbitrary<Uint8Array> {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.integer({ min: 0, max: 3 }),
    added: fc.oneof(
      fc
        .array(fc.constantFrom(...Array.from(alphabet)), { maxLength: 3 })
        .map((list) => list.join('')),
      fc.constant('\u00e9'),
    ),
  })
  return fc
    .tuple(bytes, fc.array(damage, { minLength: 1, maxLength: 2 }))
    .map(([whole, damages]) => {
      let damaged = [...whole]
      for (const { at, removed, added } of damages) {
        const position = Math.floor(at * damaged.length)
        damaged = damaged.toSpliced(position, removed, ...encoder.encode(added))
      }
      return Uint8Array.from(damaged)
    })
}

/** Members that no version of a file knows. */
export const anyExtra: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  fc.string().map((key) => `unknown ${key}`),
  // JSON has no -0.
  fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value))),
  { maxKeys: 3, noNullPrototype: true },
)

/** Reads damaged files: they may be read, or be refused in the ways that are meant for that. */
export function expectGraceful(
  whole: fc.Arbitrary<Uint8Array>,
  read: (damaged: Uint8Array) => unknown,
): void {
  const alphabet = '{}[]",:\\ 0123abc.eE-ntfux'
  fc.assert(
    fc.property(damagedFrom(whole, alphabet), (damaged) => {
      try {
        read(damaged)
      } catch (error) {
        expect(isResticError(error, 'CORRUPT', 'UNSUPPORTED')).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
}

/** Matches the error of a file that was called `file 12`. */
export function corrupt(check: string, what = 'file 12'): unknown {
  return expect.objectContaining({ code: 'CORRUPT', what, check })
}
