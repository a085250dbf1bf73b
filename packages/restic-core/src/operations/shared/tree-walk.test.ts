import { beforeEach, describe, expect, it } from 'vitest'
import type { TreeId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { BlobReader, IndexedRepository } from '../../repository/api.ts'
import { type EntryLiteral, storeTree, testRepository } from '../../testing/index.ts'
import { walkTree, walkTrees } from './tree-walk.ts'

const dir = (name: string, ...entries: readonly EntryLiteral[]): EntryLiteral => ({ name, entries })
const file = (name: string): EntryLiteral => ({ name, data: [] })

const intoFirst = ({ path }: { readonly path: string }, index: number): boolean =>
  path === '/' && index === 0

let repository: IndexedRepository
let root: TreeId
beforeEach(async () => {
  repository = await (await testRepository()).loadIndex()
  root = await storeTree(repository, [
    dir('a', dir('b', file('c')), file('d')),
    file('a.txt'),
    dir('e'),
    dir('f', dir('g', dir('h'))),
  ])
})

/** Counts how many reads of trees are under way. */
function watched(reader: BlobReader): Pick<BlobReader, 'readTree'> & { most: number; all: number } {
  let now = 0
  return {
    most: 0,
    all: 0,
    async readTree(id, options): Promise<readonly Node[]> {
      this.all++
      this.most = Math.max(this.most, ++now)
      await new Promise((resolve) => {
        setTimeout(resolve, 1)
      })
      options?.signal?.throwIfAborted()
      now--
      return reader.readTree(id, options)
    },
  }
}

describe('a walk over trees', () => {
  it('tells every entry, a directory before what is in it', async () => {
    const paths: string[] = []
    for await (const { path } of walkTree(repository, root)) paths.push(path)
    expect(paths).toEqual(['/a', '/a/b', '/a/b/c', '/a/d', '/a.txt', '/e', '/f', '/f/g', '/f/g/h'])
  })

  it('enters and leaves every directory, the root first and last', async () => {
    const steps: string[] = []
    for await (const { type, tree } of walkTrees(repository, root)) {
      steps.push(`${type} ${tree.path}`)
    }
    expect(steps.slice(0, 4)).toEqual(['enter /', 'enter /a', 'enter /a/b', 'leave /a/b'])
    expect(steps.at(-1)).toBe('leave /')
    expect(steps).toHaveLength(14)
  })

  it('goes only where it is told to, and reads nothing else', async () => {
    const reader = watched(repository)
    const paths: string[] = []
    for await (const { path } of walkTree(reader, root, { descend: intoFirst })) paths.push(path)
    expect(paths).toEqual(['/a', '/a/b', '/a/d', '/a.txt', '/e', '/f'])
    expect(reader.all).toBe(2)
  })

  it('reads ahead, but not everything', async () => {
    const many = Array.from({ length: 40 }, (_, n) => dir(`d${n}`, dir(`e${n}`)))
    const wide = await storeTree(repository, many)
    const reader = watched(repository)
    let count = 0
    for await (const _ of walkTree(reader, wide)) count++
    expect(count).toBe(80)
    expect(reader.most).toBeGreaterThan(1)
    expect(reader.most).toBeLessThan(12)
  })

  it('hands over what is wrong with a subtree, and goes on', async () => {
    const lost = 'ab'.repeat(32) as TreeId
    const tree = await storeTree(repository, [
      dir('a'),
      { name: 'b', type: 'dir', subtree: lost },
      { name: 'c', type: 'dir' },
      dir('d', file('e')),
    ])
    const problems: string[] = []
    const paths: string[] = []
    const onUnreadable = (_: unknown, index: number, error: Error): void => {
      problems.push(`${index}: ${error.message}`)
    }
    for await (const { path } of walkTree(repository, tree, { onUnreadable })) paths.push(path)
    expect(paths).toEqual(['/a', '/b', '/c', '/d', '/d/e'])
    expect(problems).toEqual([
      '1: tree blob abababab is missing from the repository',
      '2: directory /c is damaged: it holds a value that is not allowed',
    ])
    await expect(async () => {
      for await (const _ of walkTree(repository, tree)) continue
    }).rejects.toMatchObject({ code: 'MISSING' })
  })

  it('stops with the reason it is given, and leaves no read behind when the loop is left', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const reader = watched(repository)
    await expect(async () => {
      for await (const { path } of walkTree(reader, root, { signal: stop.signal })) {
        if (path === '/a/b') stop.abort(reason)
      }
    }).rejects.toBe(reason)
    for await (const _ of walkTree(reader, root)) break
    const { all } = reader
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    expect(reader.all).toBe(all)
  })
})
