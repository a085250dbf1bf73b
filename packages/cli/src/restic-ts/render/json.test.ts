import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonText } from './json.ts'

it('escapes as Go does', () => {
  expect(jsonText({ a: '<b>&\u2028"\\', b: undefined, c: 'x\udc80y' })).toBe(
    '{"a":"\\u003cb\\u003e\\u0026\\u2028\\"\\\\","c":"x\\ufffdy"}',
  )
})

it('writes whole numbers of any size', () => {
  expect(jsonText([2n ** 64n - 1n, 0, null, true])).toBe('[18446744073709551615,0,null,true]')
})

it('keeps a backslash before what only looks like an escape', () => {
  expect(JSON.parse(jsonText('\\udc80'))).toBe('\\udc80')
})

it('can be read back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(jsonText(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
