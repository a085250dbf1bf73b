import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import { unwrapFile, wrapFile } from './envelope.ts'

let kernel: Kernel
beforeAll(async () => {
  kernel = await nodeKernel()
})

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const json = encode('{"time":"2024-05-06T07:08:09Z"}')

describe('the envelope of files', () => {
  it('comes off again', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(1 as const, 2 as const), (bytes, version) => {
        const wrapped = wrapFile(kernel, version, bytes)
        expect(unwrapFile(kernel, version, wrapped, 'file')).toEqual(bytes)
      }),
      { numRuns: 30 },
    )
  })

  it('is nothing in version 1, and a 2 and a zstd frame in version 2', () => {
    expect(wrapFile(kernel, 1, json)).toEqual(json)
    expect([...wrapFile(kernel, 2, json).subarray(0, 5)]).toEqual([2, 0x28, 0xb5, 0x2f, 0xfd])
  })

  it.each([2 as const, undefined])('may be missing in version %s', (version) => {
    for (const plaintext of [json, encode('[]'), encode('')]) {
      expect(unwrapFile(kernel, version, plaintext, 'file')).toEqual(plaintext)
    }
  })

  it('is taken off before the version is known', () => {
    expect(unwrapFile(kernel, undefined, wrapFile(kernel, 2, json), 'file')).toEqual(json)
  })

  it('is refused when it is of a kind that does not exist', () => {
    for (const mark of [0, 1, 3, 0x28, 0xff]) {
      expect(() => unwrapFile(kernel, 2, Uint8Array.of(mark, 0x7b), 'snapshot 12')).toThrow(
        expect.objectContaining({
          code: 'UNSUPPORTED',
          message: expect.stringContaining('snapshot 12'),
        }),
      )
    }
  })

  it('is refused when its frame is damaged', () => {
    const wrapped = wrapFile(kernel, 2, json)
    const damaged = [
      Uint8Array.of(2, 1, 2, 3),
      wrapped.subarray(0, -1),
      concatBytes([wrapped, Uint8Array.of(1)]),
    ]
    for (const plaintext of damaged) {
      expect(() => unwrapFile(kernel, 2, plaintext, 'index 12')).toThrow(
        expect.objectContaining({ code: 'CORRUPT', what: 'index 12', check: 'zstd' }),
      )
    }
  })
})
