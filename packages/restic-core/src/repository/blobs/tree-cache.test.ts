import { describe, expect, it } from 'vitest'
import type { TreeId } from '../../base/id.ts'
import { TreeCache } from './tree-cache.ts'

const id = (digit: string): TreeId => digit.repeat(64) as TreeId

describe('TreeCache', () => {
  it('drops what was not used for longest when there is too much', () => {
    const cache = new TreeCache(30)
    cache.set(id('a'), [], 10)
    cache.set(id('b'), [], 10)
    cache.set(id('c'), [], 10)
    expect(cache.get(id('a'))).toEqual([])
    cache.set(id('d'), [], 15)
    const kept = ['a', 'b', 'c', 'd'].filter((digit) => cache.get(id(digit)))
    expect(kept).toEqual(['a', 'd'])
  })

  it('does not take what is larger than all it may hold', () => {
    const cache = new TreeCache(30)
    cache.set(id('a'), [], 10)
    cache.set(id('b'), [], 31)
    expect(cache.get(id('a'))).toEqual([])
    expect(cache.get(id('b'))).toBeUndefined()
  })

  it('counts a tree that comes twice once', () => {
    const cache = new TreeCache(30)
    for (let n = 0; n < 10; n++) cache.set(id('a'), [], 10)
    cache.set(id('b'), [], 20)
    expect(cache.get(id('a'))).toEqual([])
  })
})
