import fc from 'fast-check'
import { expect, it } from 'vitest'
import { comparePaths, lockstep } from './lockstep.ts'

async function* listed(paths: readonly string[]): AsyncGenerator<{ readonly path: string }> {
  for (const path of paths) yield { path }
}

async function pairs(ours: readonly string[], theirs: readonly string[]) {
  const found: (readonly [path: string, sides: string])[] = []
  for await (const { path, ours: a, theirs: b } of lockstep(listed(ours), listed(theirs))) {
    found.push([path, `${a === undefined ? '' : 'ours '}${b === undefined ? '' : 'theirs'}`.trim()])
  }
  return found
}

it('tells what only one side has', async () => {
  expect(await pairs(['/a', '/a/x', '/b'], ['/a', '/a-b', '/b', '/c'])).toEqual([
    ['/a', 'ours theirs'],
    ['/a/x', 'ours'],
    ['/a-b', 'theirs'],
    ['/b', 'ours theirs'],
    ['/c', 'theirs'],
  ])
})

it('reads no further than the next entry of each side, however long the lists are', async () => {
  let read = 0
  async function* counted(): AsyncGenerator<{ readonly path: string }> {
    for (let at = 0; at < 500; at++) {
      read++
      yield { path: `/${at.toString().padStart(3, '0')}` }
    }
  }
  let taken = 0
  for await (const pair of lockstep(counted(), counted())) {
    expect(pair.ours).toEqual(pair.theirs)
    taken++
    expect(read).toBeLessThanOrEqual(2 * (taken + 1))
  }
  expect(taken).toBe(500)
})

it('finds exactly the difference of two sets of paths', async () => {
  const name = fc.constantFrom('a', 'b', 'a-', 'ü', '😀')
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`)
  const paths = fc.uniqueArray(path, { maxLength: 20 }).map((all) => all.toSorted(comparePaths))
  await fc.assert(
    fc.asyncProperty(paths, paths, async (ours, theirs) => {
      const found = await pairs(ours, theirs)
      const side = (text: string) => found.filter(([, is]) => is.includes(text)).map(([at]) => at)
      expect(side('ours')).toEqual(ours)
      expect(side('theirs')).toEqual(theirs)
      expect(found.map(([at]) => at)).toEqual(
        [...new Set([...ours, ...theirs])].toSorted(comparePaths),
      )
    }),
  )
})
