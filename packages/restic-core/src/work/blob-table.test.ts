import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../base/bytes.ts'
import type { IndexColumns } from '../format/index-file.ts'
import { BlobTable } from './blob-table.ts'

interface Blob {
  readonly id: number
  readonly type: 'data' | 'tree'
  readonly pack: number
  readonly offset: number
}

function columns(blobs: readonly Blob[]): IndexColumns {
  const packs = [...new Set(blobs.map(({ pack }) => pack))]
  return {
    packs: Uint8Array.from(packs.flatMap((pack) => Array<number>(32).fill(pack))),
    ids: Uint8Array.from(blobs.flatMap(({ id }) => Array<number>(32).fill(id))),
    pack: Uint32Array.from(blobs, ({ pack }) => packs.indexOf(pack)),
    offset: Uint32Array.from(blobs, ({ offset }) => offset),
    length: Uint32Array.from(blobs, () => 40),
    uncompressedLength: Uint32Array.from(blobs, () => 0),
    types: Uint8Array.from(blobs, ({ type }) => (type === 'tree' ? 1 : 0)),
  }
}

const blob: fc.Arbitrary<Blob> = fc.record({
  id: fc.nat(40),
  type: fc.constantFrom('data', 'tree'),
  pack: fc.nat(5),
  offset: fc.nat(3),
})

describe('BlobTable', () => {
  it('finds every copy of every blob, each once, from any set of index files', () => {
    fc.assert(
      fc.property(fc.array(fc.array(blob, { maxLength: 60 }), { maxLength: 5 }), (files) => {
        const table = BlobTable.attach(BlobTable.build(files.map(columns)).shared)
        const all = new Set(files.flat().map((each) => JSON.stringify(each)))
        expect(table.count).toBe(all.size)
        for (const type of ['data', 'tree'] as const) {
          for (let id = 0; id <= 41; id++) {
            const bytes = new Uint8Array(33).fill(id, 1)
            const found: string[] = []
            for (
              let entry = table.find(type, bytes, 1);
              entry >= 0;
              entry = table.find(type, bytes, 1, entry)
            ) {
              const { pack, offset } = table.row(entry)
              expect(toHex(table.id(entry))).toBe(toHex(bytes, 1))
              const number = table.packName(pack)[0] as number
              found.push(JSON.stringify({ id, type, pack: number, offset }))
            }
            const wanted = [...all].filter((text) => {
              const each = JSON.parse(text) as Blob
              return each.id === id && each.type === type
            })
            expect(found.toSorted()).toEqual(wanted.toSorted())
          }
        }
      }),
    )
  })

  it('holds a blob in at most 56 bytes', () => {
    const count = 10_000
    const ids = new Uint8Array(count * 32)
    for (let at = 0; at < count; at++) new DataView(ids.buffer).setUint32(at * 32, at * 429_496)
    const column = (): Uint32Array => new Uint32Array(count)
    const table = BlobTable.build([
      {
        packs: new Uint8Array(32),
        ids,
        pack: column(),
        offset: column(),
        length: column(),
        uncompressedLength: column(),
        types: new Uint8Array(count),
      },
    ])
    expect(table.byteLength / count).toBeLessThanOrEqual(56)
  })
})
