import { expect, it } from 'vitest'
import { HiddenLine } from './prompt.ts'

it.each([
  ['secret\r', 'secret'],
  ['x\u0015ab\u007fc\n', 'ac'],
  ['ü😀\u007f\r', 'ü'],
  ['\u0004', ''],
])('types %j as a terminal would', (keys, text) => {
  const line = new HiddenLine()
  expect(line.type(keys)).toBe('entered')
  expect(line.text).toBe(text)
})

it('goes on over several chunks and forgets what was typed when interrupted', () => {
  const line = new HiddenLine()
  expect(line.type('sec')).toBeUndefined()
  expect(line.type('ret\u0003')).toBe('interrupted')
  expect(line.text).toBe('')
})
