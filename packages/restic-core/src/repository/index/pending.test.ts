import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../base/bytes.ts'
import { type PackId, asId } from '../../base/id.ts'
import { packColumns } from '../../format/pack-columns.ts'
import { PendingBlobs } from './pending.ts'

const id = fc
  .uint8Array({ minLength: 1, maxLength: 1 })
  .map((bytes) => new Uint8Array(32).fill(bytes[0] as number))
const type = fc.constantFrom('data' as const, 'tree' as const)
const pack = fc.constantFrom(...['aa', 'bb', 'cc'].map((digits) => asId<'pack'>(digits.repeat(32))))
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), type, id }),
  fc.record({ do: fc.constant('place' as const), type, id, pack, offset: fc.nat() }),
  fc.record({ do: fc.constant('confirm' as const), pack }),
  fc.record({ do: fc.constant('drop' as const) }),
)

interface Placed {
  readonly pack: PackId
  readonly offset: number
  readonly isConfirmed: boolean
}

describe('PendingBlobs', () => {
  it('agrees with a plain map through any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1500 }), (steps) => {
        const pending = new PendingBlobs()
        const model = new Map<string, Placed | undefined>()
        for (const taken of steps) {
          if (taken.do === 'drop') {
            pending.dropUnindexed()
            for (const [key, placed] of model) if (!placed?.isConfirmed) model.delete(key)
          } else if (taken.do === 'confirm') {
            pending.confirm([taken.pack])
            for (const [key, placed] of model) {
              if (placed?.pack === taken.pack) model.set(key, { ...placed, isConfirmed: true })
            }
          } else if (taken.do === 'add') {
            const key = `${taken.type}${taken.id[0]}`
            expect(pending.add(taken.type, taken.id)).toBe(!model.has(key))
            if (!model.has(key)) model.set(key, undefined)
          } else {
            const blob = { ...taken, id: asId<'blob'>(toHex(taken.id)) }
            pending.place(taken.pack, packColumns([{ ...blob, length: 40, uncompressedLength: 7 }]))
            model.set(`${taken.type}${taken.id[0]}`, { ...taken, isConfirmed: false })
          }
        }
        expect(pending.size).toBe(model.size)
        const unplaced = [...model.values()].filter((placed) => placed === undefined)
        expect(pending.unplaced).toBe(unplaced.length)
        for (const [key, placed] of model) {
          const kind = key.startsWith('data') ? 'data' : 'tree'
          const bytes = new Uint8Array(32).fill(Number(key.slice(4)))
          expect(pending.has(kind, bytes)).toBe(true)
          const place = placed && { pack: placed.pack, offset: placed.offset }
          const location = place && { ...place, length: 40, uncompressedLength: 7 }
          expect(pending.find(kind, bytes)).toEqual(location)
        }
      }),
    )
  })

  it('grows past its first size and keeps trees and data of one id apart', () => {
    const pending = new PendingBlobs()
    const bytes = new Uint8Array(32)
    for (let number = 0; number < 5000; number++) {
      new DataView(bytes.buffer).setUint32(0, number * 1024)
      expect(pending.add('data', bytes)).toBe(true)
      expect(pending.has('tree', bytes)).toBe(false)
    }
    expect(pending.size).toBe(5000)
  })
})
