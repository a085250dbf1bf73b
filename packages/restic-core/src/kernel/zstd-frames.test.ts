import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, fromHex } from '../base/bytes.ts'
import { decompressFrames, zstdFrames } from './zstd-frames.ts'

const skippable = fromHex('512a4d1802000000ffff')

describe('the frames of a zstd stream', () => {
  it('are found with their content lengths, skippable ones left out', () => {
    const content = fc.uint8Array({ maxLength: 70_000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(content, fc.boolean()), { minLength: 1 }), (parts) => {
        const stream: Uint8Array[] = []
        const expected: object[] = []
        let start = 0
        for (const [bytes, isAfterSkippable] of parts) {
          const frame = zstdCompressSync(bytes)
          if (isAfterSkippable) stream.push(skippable)
          start += isAfterSkippable ? skippable.length : 0
          stream.push(frame)
          const end = start + frame.length
          expected.push({ start, end, contentLength: bytes.length, contentLengthMax: bytes.length })
          start = end
        }
        expect(zstdFrames(concatBytes(stream))).toEqual(expected)
      }),
    )
  })

  it.each([
    ['there is no frame', ''],
    ['there is no frame', '502a4d1800000000'],
    ['no frame begins here', '28b52ffc'],
    ['the last frame is cut short', '28b52f'],
    ['the last frame is cut short', '28b52ffd2003190000'],
    ['the last frame is cut short', '502a4d1801000000'],
    ['unknown kind of block', '28b52ffd2000070000'],
    ['the blocks cannot hold what the header promises', '28b52ffd2004190000616263'],
  ])('are refused when %s', (reason, hex) => {
    expect(() => zstdFrames(fromHex(hex))).toThrow(reason)
  })

  it('bound what may come out of blocks whose content is not told', () => {
    // Three blocks: 3 bytes as they are, 300 times the same byte, and compressed ones.
    const frame = fromHex('28b52ffd0058180000616263620900610d000000')
    expect(zstdFrames(frame)).toEqual([
      { start: 0, end: 20, contentLength: undefined, contentLengthMax: 3 + 300 + 128 * 1024 },
    ])
  })

  it('are not decoded when a header promises too much', () => {
    const frame = zstdCompressSync(new Uint8Array(1000))
    expect(() => decompressFrames(frame, 999, undefined, refuseToDecode)).toThrow(RangeError)
    expect(() => decompressFrames(frame, 1000, undefined, refuseToDecode)).toThrow(TypeError)
  })
})

function refuseToDecode(): never {
  throw new TypeError('decoded')
}
