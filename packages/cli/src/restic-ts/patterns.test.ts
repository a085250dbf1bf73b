import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { matchPatterns } from 'restic-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expandVariables, readPatterns } from './patterns.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patterns-'))
})
afterAll(() => rm(folder, { recursive: true }))

const none = { patterns: [], files: [], ignoreCasePatterns: [], ignoreCaseFiles: [] }

it('reads patterns from flags and files', async () => {
  const file = join(folder, 'excludes')
  await writeFile(file, '\ufeff# comment\n\n  $BASE/*.log \n')
  const flags = { ...none, patterns: ['*.tmp'], files: [file], ignoreCasePatterns: ['CACHE'] }
  const lists = await readPatterns('exclude', flags, { BASE: '/var' })
  const excluded = (path: string) => lists.some((list) => matchPatterns(list, path).matched)
  const paths = ['/a.tmp', '/a.TMP', '/x/Cache/y', '/var/a.log', '/a.log']
  expect(paths.map(excluded)).toEqual([true, false, true, true, false])
})

it('names malformed patterns', async () => {
  const flags = { ...none, ignoreCasePatterns: ['ok', '[', 'a['] }
  await expect(readPatterns('include', flags, {})).rejects.toThrow(
    '--iinclude: invalid pattern(s) provided:\n[\na[',
  )
})

it.each([
  ['$HOME/x', '/root/x'],
  ['${HOME}y', '/rooty'],
  ['$$HOME', '$HOME'],
  ['$ABSENT.', '.'],
  ['cost: 5$', 'cost: 5$'],
])('expands %s', (text, expanded) => {
  expect(expandVariables(text, { HOME: '/root' })).toBe(expanded)
})
