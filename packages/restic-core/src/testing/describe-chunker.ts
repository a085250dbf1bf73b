import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chunkLengthMax, chunkLengthMin, type Chunker, type Kernel } from '../kernel/kernel.ts'
import { referenceChunker } from '../kernel/reference/rabin.ts'
import { noise } from './sample-files.ts'

const polynomials = [0x3da3358b4dc173n, 0x299f897751b4f9n] as const
const [polynomial] = polynomials
const windowLength = 64

export function describeChunker(kernel: () => Kernel): void {
  it('ends a chunk at the planted place, wherever that is', () => {
    const chunker = kernel().chunker(polynomial)
    for (const { data, place } of plantedInScratch(kernel())) {
      data.set(new Uint8Array(windowLength), place - windowLength)
      expect([place, chunker.cut(data, 0, data.length)]).toEqual([place, place])
      data.fill(1, place - windowLength, place)
    }
    const elsewhere = new Uint8Array(chunkLengthMax + 10).fill(1)
    for (const place of places) {
      elsewhere.fill(0, place - windowLength, place)
      expect([place, chunker.cut(elsewhere, 0, elsewhere.length)]).toEqual([place, place])
      elsewhere.fill(1, place - windowLength, place)
    }
  })

  it('takes the earlier of two places, whichever is found first', () => {
    const chunker = kernel().chunker(polynomial)
    const data = kernel()
      .scratch(chunkLengthMin + 60_000)
      .fill(1)
    for (const [early, late] of pairs) {
      data.fill(0, early - windowLength, early)
      data.fill(0, late - windowLength, late)
      expect([early, late, chunker.cut(data, 0, data.length)]).toEqual([early, late, early])
      data.fill(1, chunkLengthMin - windowLength)
    }
  })

  it('does not cut before the shortest length or when the data ends first', () => {
    const chunker = kernel().chunker(polynomial)
    const zeros = new Uint8Array(chunkLengthMin + 1)
    expect(chunker.cut(zeros, 0, chunkLengthMin - 1)).toBe(0)
    expect(chunker.cut(zeros, 0, chunkLengthMin)).toBe(chunkLengthMin)
    expect(chunker.cut(zeros, 1, chunkLengthMin)).toBe(0)
    expect(chunker.cut(zeros, 1, chunkLengthMin + 1)).toBe(chunkLengthMin)
    expect(chunker.cut(zeros, 5, 5)).toBe(0)
  })

  it('cuts at the greatest length, and only when that much is there', () => {
    const chunker = kernel().chunker(polynomial)
    const ones = new Uint8Array(chunkLengthMax + 1).fill(1)
    expect(chunker.cut(ones, 0, chunkLengthMax - 1)).toBe(0)
    expect(chunker.cut(ones, 0, chunkLengthMax)).toBe(chunkLengthMax)
    expect(chunker.cut(ones, 0, chunkLengthMax + 1)).toBe(chunkLengthMax)
    expect(chunker.cut(ones, 2, chunkLengthMax + 1)).toBe(0)
  })

  it('cuts any data where the readable chunker does', () => {
    const expected = polynomials.map((one) => referenceChunker(one))
    const tested = polynomials.map((one) => kernel().chunker(one))
    fc.assert(
      fc.property(dataKind, fc.nat(200_000), fc.nat(99), fc.nat(1), (make, start, spare, which) => {
        const data = make()
        const end = data.length - spare
        const length = (expected[which] as Chunker).cut(data, start, end)
        const chunker = tested[which] as Chunker
        expect(chunker.cut(data, start, end)).toBe(length)
        const scratch = kernel().scratch(data.length + spare)
        scratch.set(data, spare)
        expect(chunker.cut(scratch, start + spare, end + spare)).toBe(length)
      }),
      { numRuns: 25 },
    )
  })

  it('keeps chunkers of two polynomials apart', () => {
    const data = noise(3_000_000, 1)
    const expected = polynomials.map((one) => referenceChunker(one).cut(data, 0, data.length))
    const [first, second] = polynomials.map((one) => kernel().chunker(one))
    const cuts = [first, second, first].map((chunker) => chunker?.cut(data, 0, data.length))
    expect(cuts).toEqual([expected[0], expected[1], expected[0]])
    expect(expected[0]).not.toBe(expected[1])
  })

  it('refuses a range outside the data and polynomials of another degree', () => {
    const chunker = kernel().chunker(polynomial)
    const data = new Uint8Array(chunkLengthMin)
    expect(() => chunker.cut(data, 0, chunkLengthMin + 1)).toThrow(RangeError)
    expect(() => chunker.cut(data, -1, chunkLengthMin)).toThrow(RangeError)
    expect(() => chunker.cut(data, 2, 1)).toThrow(RangeError)
    expect(() => kernel().chunker(polynomial >> 1n)).toThrow(RangeError)
    expect(() => kernel().chunker(polynomial << 1n)).toThrow(RangeError)
  })
}

/** The ends of the lanes, stripes and pieces of the WebAssembly chunker, and of the chunk itself. */
const places: readonly number[] = [
  0, 1, 63, 64, 65, 4096, 8192, 20_480, 24_576, 49_152, 122_880, 245_760,
]
  .flatMap((offset) => [offset - 1, offset, offset + 1])
  .filter((offset) => offset >= 0)
  .map((offset) => chunkLengthMin + offset)
  .concat([chunkLengthMax - 1, chunkLengthMax])

function* plantedInScratch(kernel: Kernel): Generator<{ data: Uint8Array; place: number }> {
  const length = chunkLengthMax + 10
  // Scratch memory is aligned; most files do not begin at a multiple of anything.
  const data = kernel
    .scratch(length + 5)
    .subarray(5, length + 5)
    .fill(1)
  for (const place of places) yield { data, place }
}

/** Two places in different lanes of 4096, where the later one is nearer to the start of its lane. */
const pairs: readonly (readonly [early: number, late: number])[] = [
  [4095, 4096 + 100],
  [200, 4096 + 100],
  [100, 4096 + 100],
  [2 * 4096 + 3000, 5 * 4096 + 70],
  [4 * 4096 + 4095, 5 * 4096 + 70],
  [70, 24_576 + 70],
].map(([early = 0, late = 0]) => [chunkLengthMin + early, chunkLengthMin + late])

/** Random data, constant data, periods, and random data with runs of zeros, which cut often. */
const dataKind: fc.Arbitrary<() => Uint8Array> = fc
  .record({
    kind: fc.constantFrom('noise', 'constant', 'period', 'runs'),
    seed: fc.nat(),
    length: fc.integer({ min: 600_000, max: 2_500_000 }),
    period: fc.integer({ min: 1, max: 5000 }),
  })
  .map(({ kind, seed, length, period }) => () => {
    if (kind === 'constant') return new Uint8Array(length).fill(seed)
    const data = noise(length, seed)
    for (let at = period; at < length; at += period) {
      if (kind === 'period') data.copyWithin(at, 0, Math.min(period, length - at))
      if (kind === 'runs' && at > chunkLengthMin) data.fill(0, at, at + (seed % 130))
    }
    return data
  })
