import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob, parseGlob } from './glob.ts'
import { matchPatterns, parsePatterns, type PatternList } from './pattern.ts'

interface FilterVectors {
  readonly paths: readonly string[]
  readonly cases: readonly {
    readonly kind: 'find' | 'exclude' | 'include' | 'iexclude' | 'iinclude'
    readonly pattern?: string
    readonly patterns?: readonly string[]
    readonly rc: number
    readonly items?: readonly string[]
  }[]
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../../fixtures/vectors/filter.json'), 'utf8'),
) as FilterVectors

function below(parent: string): string[] {
  const prefix = parent === '' ? '/' : `${parent}/`
  return vectors.paths.filter(
    (path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'),
  )
}

/** What a restore with these patterns brings back, with the parents of what it brings back. */
function restored(list: PatternList, include: boolean, parent = ''): string[] {
  return below(parent).flatMap((path) => {
    const answer = matchPatterns(list, path)
    const selected = include ? answer.matched : !answer.matched
    const enter = include ? answer.childMayMatch : selected
    const children = enter ? restored(list, include, path) : []
    return selected || children.length > 0 ? [path, ...children] : []
  })
}

describe('patterns for paths', () => {
  it.each(vectors.cases)('answers like restic: $kind $pattern $patterns', (example) => {
    // Lists of patterns leave empty ones out; find alone takes one as everything.
    const texts = example.patterns ?? [example.pattern || '**']
    const ignoreCase = example.kind.startsWith('i') && example.kind !== 'include'
    const { list, invalid } = parsePatterns(texts, { ignoreCase })
    expect(invalid.length > 0).toBe(example.rc !== 0)
    if (example.rc !== 0) return
    const include = example.kind.endsWith('include')
    const found =
      example.kind === 'find'
        ? vectors.paths.filter((path) => matchPatterns(list, path).matched)
        : restored(list, include)
    expect(found.toSorted()).toEqual((example.items ?? []).toSorted())
  })

  it('enters exactly the directories that can hold a match', () => {
    const { list } = parsePatterns(['/a/b/*.txt', '/c/**/d'])
    const enters = (path: string) => matchPatterns(list, path).childMayMatch
    expect(['/a', '/a/b', '/c', '/c/x/y'].map(enters)).toEqual([true, true, true, true])
    expect(['/b', '/a/x', '/d'].map(enters)).toEqual([false, false, false])
  })

  it('never misses a child below a directory it would not enter', () => {
    const name = fc.constantFrom('a', 'b', 'ab')
    const part = fc.constantFrom('a', 'b', '*', '?', 'a*', '**', '[^a]')
    fc.assert(
      fc.property(
        fc.array(fc.array(part, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        fc.array(name, { minLength: 1, maxLength: 5 }),
        (patterns, names) => {
          const { list } = parsePatterns(patterns.map((parts) => `/${parts.join('/')}`))
          if (!matchPatterns(list, `/${names.join('/')}`).matched) return
          for (let length = 1; length < names.length; length++) {
            const parent = `/${names.slice(0, length).join('/')}`
            expect(matchPatterns(list, parent).childMayMatch).toBe(true)
          }
        },
      ),
    )
  })

  it('takes time that does not explode with stars', () => {
    const { list } = parsePatterns([`${'**/a*a*a*a*/'.repeat(8)}x`])
    expect(matchPatterns(list, `/${`${'a'.repeat(200)}/`.repeat(60)}y`).matched).toBe(false)
  })

  it('lower-cases code point by code point', () => {
    const { list } = parsePatterns(['ΟΔΟΣ', 'ÄÖ?'], { ignoreCase: true })
    expect(matchPatterns(list, '/οδοσ').matched).toBe(true)
    expect(matchPatterns(list, '/äö\u0130').matched).toBe(true)
  })
})

describe('globs', () => {
  it.each(['[', 'a[', '[]', '[]a]', '[a-]', '[-a]', '[^]', '\\', '*\\', '[a', '[\\'])(
    'refuses %j',
    (pattern) => {
      expect(parseGlob(pattern)).toBeUndefined()
    },
  )

  it('agrees with a regular expression', () => {
    const token = fc.constantFrom('*', '?', 'a', 'b', '😀', '[ab]', '[^a]', '[a-c]', '\\*')
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀', '*', '\udc80') })
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), text, (tokens, name) => {
        const source = tokens.map((one) => (one === '*' ? '.*' : one === '?' ? '.' : one)).join('')
        const glob = parseGlob(tokens.join('')) ?? 'malformed'
        expect(matchesGlob(glob, name)).toBe(new RegExp(`^${source}$`, 'su').test(name))
      }),
    )
  })
})
