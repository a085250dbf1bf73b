import { describe, expect, it } from 'vitest'
import { layOutTargets, type Target } from './targets.ts'

/** `x{y<source>}` for a directory above targets, `x<source>` for a target. */
function text(targets: readonly Target[]): string {
  return targets
    .map(({ name, source, children }) =>
      children === undefined ? `${name}<${source}>` : `${name}{${text(children)}}`,
    )
    .join(' ')
}

const entries = (path: string): string[] => (path === '/' ? ['bin', 'etc'] : ['a', 'b'])

describe('layOutTargets', () => {
  it.each([
    [['/a/b'], 'a{b</a/b>}'],
    [['x/y'], 'x{y<x/y>}'],
    [['../x/y'], 'x{y<../x/y>}'],
    [['/a', '/a/b'], 'a{b</a/b> a</a/a>}'],
    [['/a/b', '/a'], 'a{b</a/b> a</a/a>}'],
    [['/a', '/a/b/c'], 'a{b{c</a/b/c> a</a/b/a> b</a/b/b>} a</a/a>}'],
    [['.', 'b/a'], 'a<a> b{a<b/a> b<b/b>}'],
    [['/a', '/a/'], 'a</a>'],
    [['/a/b', '/a/c'], 'a{b</a/b> c</a/c>}'],
    [['/x', '../x', 'x'], 'x</x> x-1<../x> x-2<x>'],
    [['.'], 'a<a> b<b>'],
    [['..'], 'a<../a> b<../b>'],
    [['/'], 'bin</bin> etc</etc>'],
    [['x/y', '../x/z'], 'x{y<x/y>} x-1{z<../x/z>}'],
  ])('lays out %j', (paths, expected) => {
    expect(text(layOutTargets(paths, entries))).toBe(expected)
  })
})
