import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isPrintable, nonprintableRanges } from './nonprintable.ts'

const vectors = new URL('../../../../fixtures/vectors/go-nonprintable.json', import.meta.url)
const { unicode15: ranges } = JSON.parse(readFileSync(vectors, 'utf8')) as {
  unicode15: [first: number, last: number][]
}

/** The generator of the table: what nonprintable.ts must hold. */
function encodeRanges(): string {
  let end = 0
  const distances: number[] = []
  for (const [first, last] of ranges) {
    distances.push(first - end, last - first)
    end = last
  }
  return distances.map((distance) => distance.toString(36)).join(' ')
}

it('holds the ranges that restic escapes', () => {
  expect(nonprintableRanges).toBe(encodeRanges())
})

it('answers for every code point', () => {
  const nonprintable = new Uint8Array(0x110000)
  nonprintable.fill(1, 0, 0x20)
  nonprintable[0x7f] = 1
  nonprintable.fill(1, 0xd800, 0xe000)
  for (const [first, last] of ranges) nonprintable.fill(1, first, last + 1)
  const wrong = []
  for (let code = 0; code <= 0x10ffff; code++) {
    if (isPrintable(code) === (nonprintable[code] === 1)) wrong.push(code)
  }
  expect(wrong).toEqual([])
})
