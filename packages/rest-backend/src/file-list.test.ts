import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseFileList } from './file-list.ts'

const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const file = fc.record({ name: fc.string({ unit: 'grapheme' }), size: fc.maxSafeNat() })

describe('parseFileList', () => {
  it('reads what servers of version 2 send, whatever else they tell of a file', () => {
    fc.assert(
      fc.property(fc.array(file), fc.boolean(), (files, talkative) => {
        const sent = talkative ? files.map((one) => ({ ...one, mtime: 'now' })) : files
        expect(parseFileList(encoded(sent))).toEqual(files)
      }),
    )
  })

  it('reads what servers of version 1 send', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (names) => {
        const files = names.map((name) => ({ name, size: undefined }))
        expect(parseFileList(encoded(names))).toEqual(files)
      }),
    )
  })

  it('takes rclone’s line end', () => {
    expect(parseFileList(new TextEncoder().encode('[]\n'))).toEqual([])
  })

  it.each([[[{ name: 'a' }]], [[{ name: 'a', size: 1.5 }]], [['a', { name: 'b', size: 1 }]], [{}]])(
    'refuses %j',
    (value) => {
      expect(() => parseFileList(encoded(value))).toThrow(/nvalid/)
    },
  )
})
