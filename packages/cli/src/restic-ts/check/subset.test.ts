import { expect, it } from 'vitest'
import { parseSubset } from './subset.ts'

it.each([
  ['2/5', { part: 2, of: 5 }],
  ['256/256', { part: 256, of: 256 }],
  ['12.5%', { percent: 12.5 }],
  ['100%', { percent: 100 }],
  ['10M', { bytes: 10 * 1024 ** 2 }],
])('reads %s', (text, subset) => {
  expect(parseSubset(text)).toEqual(subset)
})

it.each(['0/5', '6/5', '1/257', '0%', '101%', '-1%', '', '0', '5/', 'x'])('refuses %j', (text) => {
  expect(parseSubset(text)).toBeUndefined()
})
