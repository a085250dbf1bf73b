import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes, fromHex, KiB, MiB, toHex } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { zstdFrames } from '../kernel/zstd-frames.ts'
import { noise } from './sample-files.ts'

export function describeZstd(kernel: () => Kernel): void {
  describeRoundTrip(kernel)
  describeLimits(kernel)
  describeDamage(kernel)

  it('decodes every frame, and passes over skippable ones', () => {
    const first = kernel().compress(text('first, '), 3)
    const second = kernel().compress(text('second'), 19)
    const skippable = fromHex('5f2a4d1803000000aabbcc')
    const empty = kernel().compress(new Uint8Array(0), 3)
    const all = concatBytes([skippable, first, empty, skippable, second, skippable])
    expect(kernel().decompress(all, 100)).toEqual(text('first, second'))
  })

  it('puts results where they are wanted, if they fit', () => {
    const data = text('where it goes '.repeat(30))
    const memory = new Uint8Array(1000).subarray(10)
    const frame = kernel().compress(data, 3, memory)
    expect([frame.buffer, frame.byteOffset]).toEqual([memory.buffer, 10])
    expect(kernel().compress(data, 3)).toEqual(frame)
    expect(kernel().compress(data, 3, new Uint8Array(5))).toEqual(frame)
    const place = new Uint8Array(data.length + 5)
    const back = kernel().decompress(frame, data.length, place)
    expect([back.buffer, back.byteOffset]).toEqual([place.buffer, 0])
    expect(back).toEqual(data)
    expect(kernel().decompress(frame, data.length, new Uint8Array(5))).toEqual(data)
    const two = concatBytes([frame, frame])
    expect(kernel().decompress(two, 1000, new Uint8Array(900))).toEqual(concatBytes([data, data]))
  })

  it('is not led astray by what went wrong before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.nat(), (data, at) => {
        const frame = kernel().compress(data, 3)
        const damaged = frame.slice()
        damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ 0x55
        for (const bad of [damaged, frame.subarray(0, at % frame.length)]) {
          try {
            kernel().decompress(bad, data.length)
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
          expect(kernel().decompress(frame, data.length)).toEqual(data)
        }
        expect(kernel().compress(data, 3)).toEqual(frame)
      }),
    )
  })

  it('decodes a frame that does not tell the length of its content', () => {
    const block = text('no length')
    expect(kernel().decompress(rawFrame(block, 17), 9)).toEqual(block)
    const two = concatBytes([rawFrame(block, 17), rawFrame(block, 10)])
    expect(kernel().decompress(two, 18)).toEqual(concatBytes([block, block]))
  })

  it('decodes a block that was compressed without the length of its content', () => {
    const data = new Uint8Array(150_000).fill(5)
    const frame = withoutContentLength(kernel().compress(data, 3), 18)
    expect(zstdFrames(frame)[0]?.contentLength).toBe(undefined)
    expect(kernel().decompress(frame, data.length)).toEqual(data)
    expect(() => kernel().decompress(frame, data.length - 1)).toThrow(RangeError)
  })

  it.each([27, 30])('decodes a frame with a window of 2^%i bytes', (windowLog) => {
    expect(kernel().decompress(rawFrame(text('wide'), windowLog), 4)).toEqual(text('wide'))
  })

  it('decodes a frame with a checksum, and checks it', () => {
    const frame = fromHex(checkedFrame)
    expect(kernel().decompress(frame, 26)).toEqual(text('checksum checksum checksum'))
    frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 1
    expect(() => kernel().decompress(frame, 26)).toThrow(Error)
  })
}

const checkedFrame = '28b52ffd241a7d000048636865636b73756d2001009ccb118e2d93b0'

function describeRoundTrip(kernel: () => Kernel): void {
  it('writes one frame that tells its content length and has no checksum', () => {
    for (const length of [0, 1, 255, 256, 257, 65_791, 65_792, 300_000]) {
      const data = noise(length, length)
      const frame = kernel().compress(data, 3)
      expect(zstdFrames(frame)).toMatchObject([
        { start: 0, end: frame.length, contentLength: length },
      ])
      expect((frame[4] ?? 0) & 4).toBe(0)
    }
  })

  it.each([1, 3, 7, 11])('takes back at level %i what it compressed', (level) => {
    const line = text('a line that comes again and again, with a number: ')
    const lines = Array.from({ length: 3000 }, (_, index) => [line, text(`${index % 97}\n`)])
    const data = concatBytes(lines.flat())
    const frame = kernel().compress(data, level)
    expect(frame.length).toBeLessThan(data.length / 5)
    expect(kernel().decompress(frame, data.length)).toEqual(data)
  })

  it('takes back any bytes', () => {
    const repeated = fc
      .tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(50))
      .map(([part, times]) => concatBytes(Array.from({ length: times }, () => part)))
    const data = fc.oneof(fc.uint8Array({ maxLength: 2000 }), repeated)
    fc.assert(
      fc.property(fc.array(data, { minLength: 1, maxLength: 3 }), fc.nat(5), (parts, level) => {
        const frames = parts.map((part) => kernel().compress(part, level + 1))
        const whole = concatBytes(parts)
        expect(kernel().decompress(concatBytes(frames), whole.length)).toEqual(whole)
      }),
    )
  })
}

function describeLimits(kernel: () => Kernel): void {
  it('accepts content of exactly the greatest length, and not a byte more', () => {
    const frame = kernel().compress(noise(1000, 1), 3)
    const unknown = rawFrame(noise(1000, 1), 17)
    for (const data of [frame, unknown, concatBytes([frame, unknown])]) {
      const length = data.length > 2000 ? 2000 : 1000
      expect(kernel().decompress(data, length).length).toBe(length)
      expect(() => kernel().decompress(data, length - 1)).toThrow(RangeError)
      expect(() => kernel().decompress(data, 0)).toThrow(RangeError)
    }
    expect(kernel().decompress(kernel().compress(new Uint8Array(0), 3), 0).length).toBe(0)
    expect(kernel().decompress(rawFrame(new Uint8Array(0), 10), 0).length).toBe(0)
  })

  it('stops a small frame that would fill the memory', () => {
    // One GiB of zeros in 8192 blocks of 4 bytes.
    const blocks = Array.from({ length: 8192 }, (_, index) =>
      blockHeader({ kind: 1, size: 128 * KiB, isLast: index === 8191 }, 0),
    )
    const bomb = concatBytes([frameHeader(17), ...blocks])
    expect(() => kernel().decompress(bomb, MiB)).toThrow(RangeError)
    const many = concatBytes(Array.from({ length: 100 }, () => kernel().compress(zeros, 3)))
    expect(() => kernel().decompress(many, 99 * zeros.length)).toThrow(RangeError)
  })

  it('believes no header that promises more than there is', () => {
    const honest = kernel().compress(noise(70_000, 1), 3)
    expect(toHex(honest.subarray(4, 5))).toBe('a0')
    const lying = honest.slice()
    new DataView(lying.buffer).setUint32(5, 0xfffffff0, true)
    expect(() => kernel().decompress(lying, 2 ** 40)).toThrow(/zstd/i)
  })
}

function describeDamage(kernel: () => Kernel): void {
  it('refuses data that is cut short anywhere', () => {
    const frame = kernel().compress(text('cut short, cut short, cut short'), 3)
    const two = concatBytes([frame, frame])
    for (let length = 0; length < two.length; length++) {
      if (length === frame.length) continue
      expect(() => kernel().decompress(two.subarray(0, length), 1000)).toThrow(Error)
    }
  })

  it('refuses what is no zstd, before, between and after frames', () => {
    const frame = kernel().compress(text('frame'), 3)
    const other = text('this is something else')
    for (const parts of [[other], [other, frame], [frame, other], [frame, other, frame]]) {
      expect(() => kernel().decompress(concatBytes(parts), 1000)).toThrow(Error)
    }
    expect(() => kernel().decompress(fromHex('502a4d1800000000'), 1000)).toThrow(Error)
  })

  it('survives any single changed byte, and then works as before', () => {
    const data = concatBytes([text('some text, some text, some text. '.repeat(9)), noise(50, 1)])
    const frame = kernel().compress(data, 3)
    for (let at = 0; at < frame.length; at++) {
      const damaged = frame.slice()
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      let length = 0
      try {
        length = kernel().decompress(damaged, 1000).length
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
      expect(length).toBeLessThanOrEqual(1000)
    }
    expect(kernel().decompress(frame, data.length)).toEqual(data)
  })
}

const zeros = new Uint8Array(64 * KiB)

/** A frame of one block as it is, without the length of the content. */
function rawFrame(content: Uint8Array, windowLog: number): Uint8Array {
  const block = { kind: 0, size: content.length, isLast: true }
  return concatBytes([frameHeader(windowLog), blockHeader(block), content])
}

function frameHeader(windowLog: number): Uint8Array {
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3)
}

function blockHeader(
  block: { readonly kind: number; readonly size: number; readonly isLast: boolean },
  ...content: number[]
): Uint8Array {
  const header = Number(block.isLast) | (block.kind << 1) | (block.size << 3)
  return Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16, ...content)
}

/** The same blocks under a header that names a window instead of a length. */
function withoutContentLength(frame: Uint8Array, windowLog: number): Uint8Array {
  const descriptor = frame[4] ?? 0
  const isSingleSegment = (descriptor & 0x20) !== 0
  const lengthSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  const blocks = frame.subarray(5 + lengthSize + (isSingleSegment ? 0 : 1))
  return concatBytes([frameHeader(windowLog), blocks])
}

function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters)
}
