import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { choiceFlag, durationFlag, parseFlags, sizeFlag, splitCsv, splitTags } from './flags.ts'

describe('splitCsv', () => {
  it.each([
    ['a.b=1,c.d=2', ['a.b=1', 'c.d=2']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi"""', ['say "hi"']],
    ['', ['']],
    ['a,', ['a', '']],
  ])('splits %j', (text, words) => {
    expect(splitCsv(text)).toEqual(words)
  })

  it.each(['"open', 'a"b', '"a"b'])('refuses %j', (text) => {
    expect(() => splitCsv(text)).toThrow('parse error')
  })
})

it('trims tags and drops empty ones', () => {
  expect(splitTags(' a,,b ,a')).toEqual(['a', 'b', 'a'])
})

describe('parseFlags', () => {
  const schema = z.object({
    size: sizeFlag('size').optional(),
    retry: durationFlag('retry').optional(),
    mode: choiceFlag('mode', ['on', 'off']).optional(),
  })

  it('reads values', () => {
    expect(parseFlags(schema, { size: '1k', mode: 'on' })).toEqual({ size: 1024, mode: 'on' })
  })

  it('names the flag and the value that it does not understand', () => {
    expect(() => parseFlags(schema, { retry: 'x' })).toThrow(
      'invalid argument "x" for "--retry" flag: not a duration like 90s or 1h30m',
    )
    expect(() => parseFlags(schema, { mode: 'odd' })).toThrow('must be one of (on|off)')
  })
})
