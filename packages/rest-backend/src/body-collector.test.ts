import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BodyCollector, TooLongError } from './body-collector.ts'

const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 })

function collect(
  collector: BodyCollector,
  parts: readonly Uint8Array[],
): { readonly body: Uint8Array; readonly enough: boolean } {
  const enough = parts.some((part) => collector.add(part) === 'enough')
  return { body: collector.finish(), enough }
}

describe('BodyCollector', () => {
  it('puts chunks together, with and without a declared length', () => {
    fc.assert(
      fc.property(chunks, fc.boolean(), (parts, declares) => {
        const whole = new Uint8Array(Buffer.concat(parts))
        const declared = declares ? whole.length : undefined
        const collector = new BodyCollector(declared, undefined, 500)
        expect(collect(collector, parts)).toEqual({ body: whole, enough: false })
        expect(whole.subarray(0, collector.start.length)).toEqual(collector.start)
      }),
    )
  })

  it('keeps the slice alone and stops at its end', () => {
    fc.assert(
      fc.property(
        chunks,
        fc.nat(100),
        fc.integer({ min: 1, max: 100 }),
        (parts, offset, length) => {
          const whole = new Uint8Array(Buffer.concat(parts))
          const collector = new BodyCollector(whole.length, { offset, length }, 500)
          const { body, enough } = collect(collector, parts)
          expect(body).toEqual(whole.slice(offset, offset + length))
          expect(enough).toBe(body.length === length)
        },
      ),
    )
  })

  it('takes no more than it may', () => {
    expect(() => new BodyCollector(101, undefined, 100)).toThrow(TooLongError)
    const collector = new BodyCollector(undefined, undefined, 100)
    collector.add(new Uint8Array(100))
    expect(() => collector.add(new Uint8Array(1))).toThrow(TooLongError)
    expect(collector.finish()).toHaveLength(100)
  })
})
