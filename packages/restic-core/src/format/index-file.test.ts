import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { anyId, anyPackEntries, damagedFrom } from '../../tests/format-arbitraries.ts'
import { fromHex } from '../base/bytes.ts'
import { CorruptDataError } from '../base/errors.ts'
import type { BlobId, PackId } from '../base/id.ts'
import { type IndexColumns, parseIndexFile } from './index-file.ts'
import { type IndexedPack, formatIndexFile, indexColumns } from './index-writer.ts'
import { nameFromBytes } from './name.ts'
import { packColumns } from './pack-columns.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => nameFromBytes(bytes).toWellFormed()

// The readable twin of the parser: slower by far, and the oracle here.

const u32 = z.int().min(0).max(0xffff_ffff)
const id = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase())
const indexJson = z.looseObject({
  packs: z
    .array(
      z.looseObject({
        id: id.transform((text) => text as PackId),
        blobs: z
          .array(
            z.looseObject({
              id,
              type: z.enum(['data', 'tree']),
              offset: u32,
              length: u32.min(32),
              uncompressed_length: u32.optional(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
})

function parseReadably(json: Uint8Array): IndexColumns {
  const { packs } = indexJson.parse(JSON.parse(decode(json)))
  return indexColumns(
    (packs ?? []).map((pack) => ({
      id: pack.id,
      blobs: packColumns(
        (pack.blobs ?? []).map((blob) => ({
          type: blob.type,
          id: blob.id as BlobId,
          offset: blob.offset,
          length: blob.length,
          uncompressedLength: blob.uncompressed_length ?? 0,
        })),
      ),
    })),
  )
}

const anyPacks: fc.Arbitrary<IndexedPack[]> = fc.array(
  fc.record({
    id: anyId.map((text) => text as string as PackId),
    blobs: fc.oneof(anyPackEntries, fc.constant([])).map(packColumns),
  }),
  { maxLength: 4 },
)

const packId = 'ab'.repeat(32)
const blobId = 'cd'.repeat(32)
const blob = (members: object = {}): object => ({
  id: blobId,
  type: 'tree',
  offset: 4_294_967_295,
  length: 32,
  uncompressed_length: 7,
  ...members,
})
const index = (...blobs: readonly unknown[]): Uint8Array =>
  encode(JSON.stringify({ packs: [{ id: packId, blobs }] }))

describe('an index file', () => {
  it('comes back as it was, and is what the readable parser reads', () => {
    fc.assert(
      fc.property(anyPacks, (packs) => {
        const columns = indexColumns(packs)
        const json = formatIndexFile(columns)
        expect(parseIndexFile(json, 'index')).toEqual(columns)
        expect(parseReadably(json)).toEqual(columns)
      }),
    )
  })

  it('is laid out as restic does', () => {
    const entry = { id: blobId as BlobId, offset: 0, length: 52 }
    const blobs = packColumns([
      { ...entry, type: 'data', uncompressedLength: 11 },
      { ...entry, type: 'tree', offset: 52, uncompressedLength: 0 },
    ])
    const json = formatIndexFile(
      indexColumns([
        { id: packId as PackId, blobs },
        { id: blobId as PackId, blobs: packColumns([]) },
      ]),
    )
    expect(decode(json)).toBe(
      `{"packs":[{"id":"${packId}","blobs":[{"id":"${blobId}","type":"data","offset":0,"length":52,` +
        `"uncompressed_length":11},{"id":"${blobId}","type":"tree","offset":52,"length":52}]},` +
        `{"id":"${blobId}","blobs":[]}]}\n`,
    )
    expect(decode(formatIndexFile(indexColumns([])))).toBe('{"packs":[]}\n')
  })

  it('groups blobs by pack when their rows are mixed', () => {
    const columns: IndexColumns = {
      packs: fromHex(packId + blobId),
      ids: fromHex(blobId.repeat(3)),
      pack: Uint32Array.of(1, 0, 1),
      offset: Uint32Array.of(10, 20, 30),
      length: Uint32Array.of(100, 200, 300),
      uncompressedLength: Uint32Array.of(0, 0, 0),
      types: Uint8Array.of(0, 1, 0),
    }
    const parsed = parseIndexFile(formatIndexFile(columns), 'index')
    expect([...parsed.pack]).toEqual([0, 1, 1])
    expect([...parsed.offset]).toEqual([20, 10, 30])
  })

  it('may have blanks, other members, other orders and escapes', () => {
    const json = ` {"supersedes":["x"], "packs":
      [ {"time":null,"blobs":[{"length":4294967295,"x":{"y":[{}]},"type":"d\\u0061ta","offset":0,
      "id":"\\u0063${blobId.slice(1).toUpperCase()}"}, ${JSON.stringify(blob())}],"size":1e9,"id":"${packId}"} ],
      "packs_to_delete":[{"id":"${packId}","blobs":[]}]}\r\n`
    const columns = parseIndexFile(encode(json), 'index')
    expect(columns).toEqual(parseReadably(encode(json)))
    expect([...columns.types]).toEqual([0, 1])
    expect([...columns.length]).toEqual([4_294_967_295, 32])
    expect([...columns.uncompressedLength]).toEqual([0, 7])
  })

  it('may list nothing', () => {
    for (const json of ['{}', '{"packs":null}', '{"packs":[]}']) {
      expect(parseIndexFile(encode(json), 'index')).toEqual(indexColumns([]))
    }
    const empty = encode(`{"packs":[{"id":"${packId}","blobs":null},{"id":"${packId}"}]}`)
    expect(parseIndexFile(empty, 'index').packs).toEqual(fromHex(packId + packId))
  })
})

describe('a damaged index file', () => {
  it.each([
    ['a type that does not exist', blob({ type: 'other' }), 'value'],
    ['a type that is no text', blob({ type: 1 }), 'json'],
    ['no type', blob({ type: undefined }), 'json'],
    ['no id', blob({ id: undefined }), 'json'],
    ['an id that is too short', blob({ id: 'cd' }), 'value'],
    ['an id that is not hex', blob({ id: 'x'.repeat(64) }), 'value'],
    ['no offset', blob({ offset: undefined }), 'json'],
    ['a negative offset', blob({ offset: -1 }), 'json'],
    ['an offset that does not fit', blob({ offset: 2 ** 32 }), 'value'],
    ['no length', blob({ length: undefined }), 'json'],
    ['a length that no sealed blob has', blob({ length: 31 }), 'value'],
    ['a length that is not whole', blob({ length: 32.5 }), 'json'],
    ['a blob that is null', null, 'json'],
    ['a blob that is a list', [], 'json'],
  ])('with %s is refused', (_, damaged, check) => {
    expect(() => parseIndexFile(index(blob(), damaged), 'index 12')).toThrow(
      expect.objectContaining({ code: 'CORRUPT', what: 'index 12', check }),
    )
  })

  it.each(['', '[]', 'null', '{"packs":{}}', '{"packs":[{"blobs":[]}]}', '{"packs":[]}x'])(
    'that is %j is refused',
    (json) => {
      expect(() => parseIndexFile(encode(json), 'index')).toThrow(CorruptDataError)
    },
  )

  it('is refused exactly when the readable parser refuses it', () => {
    const structure = '{}[]",:\\ 0123456789abcdefg.-'
    fc.assert(
      fc.property(
        damagedFrom(
          anyPacks.map((packs) => formatIndexFile(indexColumns(packs))),
          structure,
        ),
        (json) => {
          let expected: IndexColumns
          try {
            expected = parseReadably(json)
          } catch {
            expect(() => parseIndexFile(json, 'index')).toThrow(CorruptDataError)
            return
          }
          let columns: IndexColumns
          try {
            columns = parseIndexFile(json, 'index')
          } catch (error) {
            // JSON.parse takes 1e3 and 1.0 for whole numbers, Go and this parser do not.
            expect(error).toBeInstanceOf(CorruptDataError)
            expect(decode(json)).toMatch(/[0-9][.eE]/)
            return
          }
          expect(columns).toEqual(expected)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
