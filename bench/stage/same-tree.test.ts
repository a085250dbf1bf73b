import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { expectSameTree } from './same-tree.ts'

let a = ''
let b = ''

beforeEach(async () => {
  a = await mkdtemp(join(tmpdir(), 'same-tree-'))
  b = `${a}-copy`
  await mkdir(join(a, 'folder'))
  await writeFile(join(a, 'folder', 'file'), Buffer.alloc(3_000_000, 7))
  await cp(a, b, { recursive: true })
})
afterEach(async () => {
  for (const folder of [a, b]) await rm(folder, { recursive: true })
})

it('accepts a copy', async () => {
  await expect(expectSameTree(a, b)).resolves.toBeUndefined()
})

it.each([
  ['a changed byte', { at: 2_500_000, length: 3_000_000 }],
  ['a missing byte', { at: 0, length: 2_999_999 }],
])('finds %s', async (_, { at, length }) => {
  const content = Buffer.alloc(length, 7)
  if (at > 0) content[at] = 8
  await writeFile(join(b, 'folder', 'file'), content)
  await expect(expectSameTree(a, b)).rejects.toThrow('folder/file differs')
})

it('finds a file that only one of them has', async () => {
  await writeFile(join(b, 'more'), '')
  await expect(expectSameTree(a, b)).rejects.toThrow('more is on one side only')
  await expect(expectSameTree(b, a)).rejects.toThrow('more is on one side only')
})
