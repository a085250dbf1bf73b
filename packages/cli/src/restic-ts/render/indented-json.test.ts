import fc from 'fast-check'
import { expect, it } from 'vitest'
import { indentedJson } from './indented-json.ts'

const encoder = new TextEncoder()

it('indents as Go does', () => {
  const json = '{"a":[],"b":{},"c":["<",{"d":1.5}],"e":null}'
  expect(indentedJson(encoder.encode(json))).toBe(
    '{\n  "a": [],\n  "b": {},\n  "c": [\n    "\\u003c",\n    {\n      "d": 1.5\n    }\n  ],\n  "e": null\n}',
  )
})

it('is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value)
      expect(JSON.parse(indentedJson(encoder.encode(json)))).toEqual(JSON.parse(json))
    }),
  )
})
