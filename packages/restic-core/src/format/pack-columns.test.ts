import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyPackEntries } from '../../tests/format-arbitraries.ts'
import { fromHex } from '../base/bytes.ts'
import { PackRows, packColumns } from './pack-columns.ts'
import type { PackEntry } from './pack-header.ts'

function rowsOf(entries: readonly PackEntry[]): PackRows {
  const rows = new PackRows()
  for (const { type, id, length, uncompressedLength } of entries) {
    rows.add(type, fromHex(id), { length, uncompressedLength })
  }
  return rows
}

describe('PackRows', () => {
  it('holds the blobs it was given, also those of a pack put behind', () => {
    fc.assert(
      fc.property(
        anyPackEntries,
        fc.nat(20),
        fc.integer({ min: 1, max: 40 }),
        (some, at, times) => {
          const entries = Array.from({ length: times }, () => some).flat()
          let offset = 0
          const placed = entries.map((entry) => {
            const start = offset
            offset = (offset + entry.length) % 2 ** 32
            return { ...entry, offset: start }
          })
          const split = Math.min(at, entries.length)
          const rows = rowsOf(entries.slice(0, split))
          rows.append(rowsOf(entries.slice(split)))
          expect(rows.columns()).toEqual(packColumns(placed))
          expect(rows.count).toBe(entries.length)
          expect(rows.length).toBe(entries.reduce((sum, { length }) => sum + length, 0))
        },
      ),
    )
  })
})
