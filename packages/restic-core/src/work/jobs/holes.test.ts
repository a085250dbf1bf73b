import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryTarget } from '../../testing/memory-target.ts'
import { noise } from '../../testing/sample-files.ts'
import { writeWithHoles } from './holes.ts'

/** Stretches of zeros and of other bytes. */
const anyBytes = fc
  .array(fc.tuple(fc.boolean(), fc.nat(9000)), { maxLength: 6 })
  .map((runs) =>
    runs.map(([isZero, length], seed) => (isZero ? new Uint8Array(length) : noise(length, seed))),
  )
  .map((runs) => new Uint8Array(Buffer.concat(runs)))

describe('writing with holes', () => {
  it('gives the same file as writing everything', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(10_000), (bytes, position) => {
        const target = memoryTarget()
        const file = target.files.create('/f')
        file.setSize(position + bytes.length)
        writeWithHoles(file, bytes, position)
        expect(target.entries.get('/f')?.content.subarray(position)).toEqual(bytes)
      }),
    )
  })

  it('leaves out every whole block of zeros, and no more', () => {
    const written: [number, number][] = []
    const file = {
      write: (bytes: Uint8Array, position: number) => void written.push([position, bytes.length]),
      setSize: () => {},
      close: () => {},
    }
    const bytes = new Uint8Array(5 * 4096)
    bytes[4096 + 10] = 1
    bytes[5 * 4096 - 1] = 1
    // Blocks are those of the file, and this begins 96 bytes before its second one.
    writeWithHoles(file, bytes, 4000)
    expect(written).toEqual([
      [4096, 4096],
      [4096 * 5, 4000],
    ])
  })
})
