import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileSource } from 'restic-core/node'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { expandGlob, readTargets } from './target-lists.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'targets-'))
  for (const name of ['a1', 'a2', '.hidden', 'b', 'star*']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'x.txt'), '')
  }
})
afterAll(() => rm(folder, { recursive: true }))

const list = (path: string) => fileSource().list(path)
const none = { patternFiles: [], verbatimFiles: [], rawFiles: [], args: [] }

async function listFile(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

it.each([
  ['a?', ['a1', 'a2']],
  ['*/x.txt', ['.hidden', 'a1', 'a2', 'b', 'star*'].map((name) => `${name}/x.txt`)],
  ['[^ab]*/../b', ['b', 'b']],
  ['star\\*', ['star*']],
  ['nothing*', []],
  ['b/x.txt', ['b/x.txt']],
])('expands %s', (pattern, found) => {
  expect(expandGlob(join(folder, '/') + pattern, { list })).toEqual(
    found.map((name) => join(folder, name)),
  )
})

it('puts lists and arguments in order', async () => {
  const sources = {
    patternFiles: [await listFile('p', `# comment\n${folder}/a*\n${folder}/absent*\n`)],
    verbatimFiles: [await listFile('v', ' # verbatim \n\n/v/*\n')],
    rawFiles: ['-'],
    args: ['arg', ''],
  }
  const warn = vi.fn<(text: string) => void>()
  const input = Buffer.from('raw\n1\0caf\xe9\0', 'latin1')
  const readStdin = () => Promise.resolve(input)
  expect(await readTargets(sources, { list, warn, readStdin })).toEqual([
    `${folder}/a1`,
    `${folder}/a2`,
    ' # verbatim ',
    '/v/*',
    'raw\n1',
    'caf\udce9',
    'arg',
  ])
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    `pattern "${folder}/absent*" does not match any files, skipping`,
  )
})

it('refuses lists that were cut short', async () => {
  const context = {
    list,
    warn: () => undefined,
    readStdin: () => Promise.resolve(Buffer.from('a\0b')),
  }
  await expect(readTargets({ ...none, rawFiles: ['-'] }, context)).rejects.toThrow('zero byte')
  const absent = { ...none, verbatimFiles: [join(folder, 'absent')] }
  await expect(readTargets(absent, context)).rejects.toThrow('cannot read the list')
})
