import { describe, expect, it } from 'vitest'
import { splitWords } from './split-words.ts'

describe('splitWords', () => {
  it.each([
    ['a\\ b', ['a', 'b']],
    ["foo'bar baz'", ['foo', 'bar baz']],
    ['--opt="x y"', ['--opt=', 'x y']],
    ['"a\\"b" c', ['a\\"b', 'c']],
    ["'' x", ['x']],
    ['a\\"b c', ['a', '"b', 'c']],
    ['  cat\t/etc/pw \n', ['cat', '/etc/pw']],
    [`'it"s' "it's"`, ['it"s', "it's"]],
  ])('splits %j as restic does', (text, words) => {
    expect(splitWords(text)).toEqual(words)
  })

  it.each([
    ['a"b', 'double-quoted string not terminated'],
    ['"\\\\" z', 'double-quoted string not terminated'],
    ["it's", 'single-quoted string not terminated'],
    ['  ', 'command string is empty'],
  ])('refuses %j', (text, message) => {
    expect(() => splitWords(text)).toThrow(message)
  })
})
