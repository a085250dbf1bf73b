import { describe, expect, it } from 'vitest'
import { cleanPath } from './clean-path.ts'

describe('cleanPath', () => {
  it.each([
    ['a//b/', 'a/b'],
    ['./a', 'a'],
    ['', '.'],
    ['a/..', '.'],
    ['../../a/../b', '../../b'],
    ['/../a', '/a'],
    ['/', '/'],
  ])('cleans %j to %j', (path, expected) => {
    expect(cleanPath(path)).toBe(expected)
  })
})
