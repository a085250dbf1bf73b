import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyPackEntries } from '../../tests/format-arbitraries.ts'
import { CorruptDataError } from '../base/errors.ts'
import type { BlobId } from '../base/id.ts'
import { packColumns } from './pack-columns.ts'
import {
  type PackEntry,
  formatHeaderLength,
  formatPackHeader,
  packEntryCountMax,
  packHeaderLength,
  packLength,
  packLengthMin,
  packTailLength,
  parseHeaderLength,
  parsePackHeader,
} from './pack-header.ts'

const id = 'ab'.repeat(32) as BlobId
const plain: PackEntry = { type: 'tree', id, offset: 0, length: 258, uncompressedLength: 0 }
const compressed: PackEntry = { type: 'data', id, offset: 258, length: 52, uncompressedLength: 11 }

describe('a pack header', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyPackEntries, (entries) => {
        const header = formatPackHeader(packColumns(entries))
        expect(parsePackHeader(header, 'pack')).toEqual(entries)
        expect(packHeaderLength(entries)).toBe(header.length + 36)
        const blobs = entries.reduce((sum, entry) => sum + entry.length, 0)
        expect(packLength(entries)).toBe(blobs + header.length + 36)
      }),
    )
  })

  it('is laid out as the design document says', () => {
    const header = formatPackHeader(packColumns([plain, compressed]))
    expect(Buffer.from(header).toString('hex')).toBe(`0102010000${id}02340000000b000000${id}`)
  })

  it('has the limits of the format', () => {
    expect({ packEntryCountMax, packLengthMin, packTailLength }).toEqual({
      packEntryCountMax: 409_199,
      packLengthMin: 73,
      packTailLength: 651,
    })
  })

  it('is refused when any byte is missing', () => {
    const header = formatPackHeader(packColumns([plain, compressed]))
    for (let length = 0; length < header.length; length++) {
      const cut = header.subarray(0, length)
      if (length === 37) expect(parsePackHeader(cut, 'pack')).toEqual([plain])
      else expect(() => parsePackHeader(cut, 'pack')).toThrow(CorruptDataError)
    }
  })

  it.each([
    ['an unknown kind', { at: 0, value: 4 }],
    ['a length that no sealed blob has', { at: 1, value: 31 }],
  ])('is refused with %s', (_, { at, value }) => {
    const header = formatPackHeader(packColumns([{ ...plain, length: 32 }]))
    header[at] = value
    expect(() => parsePackHeader(header, 'pack 12')).toThrow(
      expect.objectContaining({ code: 'CORRUPT', what: 'pack 12', check: 'header' }),
    )
  })

  it('is refused when offsets do not fit, and when a compressed blob has no length', () => {
    const large = { ...plain, length: 2 ** 31 }
    expect(() => parsePackHeader(formatPackHeader(packColumns([large, large])), 'pack')).toThrow(
      CorruptDataError,
    )
    const header = formatPackHeader(packColumns([compressed]))
    header.fill(0, 5, 9)
    expect(() => parsePackHeader(header, 'pack')).toThrow(CorruptDataError)
  })
})

describe('the length at the end of a pack', () => {
  it('comes back as it was', () => {
    const tail = Uint8Array.from([9, 9, ...formatHeaderLength(0x010203)])
    expect([...tail.subarray(2)]).toEqual([3, 2, 1, 0])
    expect(parseHeaderLength(tail, 0x01000000, 'pack')).toBe(0x010203)
  })

  it.each([
    [0, 1000],
    [32, 1000],
    [68, 1000],
    [997, 1000],
    [69, 72],
    [16_777_217, 100_000_000],
    [0xffff_ffff, 100_000_000],
  ])('is refused when it is %d in a pack of %d bytes', (length, packSize) => {
    expect(() => parseHeaderLength(formatHeaderLength(length), packSize, 'pack')).toThrow(
      CorruptDataError,
    )
  })

  it.each([
    [69, 73],
    [996, 1000],
    [16_777_216, 100_000_000],
  ])('is taken when it is %d in a pack of %d bytes', (length, packSize) => {
    expect(parseHeaderLength(formatHeaderLength(length), packSize, 'pack')).toBe(length)
  })
})
