/** The flags that choose what is stored and what is restored choose the same as in restic. */
import {
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResticRun } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { asNodeRestores, folderState } from './folder-state.ts'
import { type Program, type Programs, allPrograms, messages, succeed } from './programs.ts'

let folder = ''
let programs: Programs & AsyncDisposable
let run: ResticRun

const files: Readonly<Record<string, string>> = {
  'work/a.txt': 'a',
  'work/b.TXT': 'b',
  'work/c.log': 'c'.repeat(2000),
  'work/Cache/x': 'x',
  'work/cache/y': 'y',
  'work/sub/deep/a.txt': 'deep a',
  'work/sub/deep/z.log': 'z',
  'work/sub/[odd] name*': 'odd',
  'work/tagged/.nobackup': '',
  'work/tagged/lost': 'lost',
  'work/marked/mark': 'header and more',
  'work/marked/lost': 'lost',
  'work/cachedir/CACHEDIR.TAG': 'Signature: 8a477f597d28d172789f06886806bc55\n',
  'work/cachedir/lost': 'lost',
  'other/work/o.txt': 'o',
  'lists/excludes': '# comment\n\n  *.log  \n$NAMED/sub\n',
  'lists/globs': 'work/*.txt\nwork/sub\n',
  'lists/verbatim': 'work/sub/[odd] name*\nwork/a.txt\n',
  'lists/raw': 'work/a.txt\0work/sub/deep\0',
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'same-choices-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  symlinkSync('sub', join(folder, 'work/link'))
  // Whole seconds: not every Node can set others.
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toReversed()
  for (const path of paths) lutimesSync(join(folder, path), 1_600_000_000, 1_700_000_000)
  programs = await allPrograms()
  const first: ResticRun = { repo: join(folder, 'repo'), password: 'p', cwd: folder }
  await succeed(programs.ours, ['init'], first)
  const env = await addCheapKey(first.repo, first.password)
  run = { ...first, env: { ...env, NAMED: join(folder, 'work') }, cacheDir: join(folder, 'cache') }
})
afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function stored(program: Program, words: readonly string[], cwd: string) {
  const options = { ...run, cwd }
  const args = ['backup', '--json', '--force', '--time', '2024-05-06 07:08:09', ...words]
  const result = await succeed(program, args, options)
  const id = String(messages(result, 'summary')[0]?.['snapshot_id'])
  const listed = await succeed(programs['restic 0.18.0'], ['snapshots', '--json', id], options)
  const [snapshot] = JSON.parse(listed.stdout) as readonly Record<string, unknown>[]
  const { time, tree, paths, tags, excludes, hostname, username } = snapshot ?? {}
  return { time, tree, paths, tags, excludes, hostname, username }
}

describe('a backup stores the same with', () => {
  it.each([
    [['work']],
    [['./work/', 'other/work']],
    [['work', 'work/sub', 'work']],
    [['work/link', 'work/a.txt']],
    [['work', '--exclude', '*.log', '--exclude', 'sub/deep']],
    [['work', '--exclude', '*.log', '--exclude', '!z.log']],
    [['work', '--iexclude', 'CACHE', '--iexclude', '*.txt']],
    [['work', '--exclude-file', 'lists/excludes']],
    [['work', '--iexclude-file', 'lists/excludes']],
    [['work', '--exclude-larger-than', '1k']],
    [['work', 'other', '--exclude-larger-than', '2']],
    [['work', '--exclude', 'sub', 'work/sub/deep']],
    [['work', '--exclude', '*.log', 'work/sub/deep/z.log', 'work/c.log']],
    [['work', 'other', '--exclude', 'work']],
    [['work/link/deep', 'work']],
    [['work', 'work/sub/deep', '--one-file-system']],
    [['work/tagged/lost', 'work/a.txt', '--exclude-if-present', '.nobackup']],
    [['work/cachedir/CACHEDIR.TAG', 'work/cachedir/lost', 'work', '--exclude-caches']],
    [['work', '--exclude-if-present', '.nobackup']],
    [['work', '--exclude-if-present', 'mark:header', '--exclude-if-present', 'mark:other']],
    [['work', '--exclude-if-present', 'mark:other']],
    [['work', '--exclude-caches']],
    [['work', '--one-file-system']],
    [['--files-from', 'lists/globs']],
    [['--files-from-verbatim', 'lists/verbatim']],
    [['--files-from-raw', 'lists/raw', '--files-from', 'lists/globs', 'other']],
    [['work', '--tag', 'b, a', '--tag', 'c', '--host', 'elsewhere']],
  ])('%j', async (words) => {
    const theirs = await stored(programs['restic 0.18.0'], words, folder)
    expect(await stored(programs.ours, words, folder)).toEqual(theirs)
  })

  it.each([
    [['../a.txt', '../../other/work', 'deep']],
    [['.']],
    [['..']],
    [['.', '--exclude-if-present', '[odd] name*']],
    [['..', '--exclude-if-present', 'a.txt']],
    [['.', '--exclude', 'deep', '--exclude', '!deep/a.txt']],
  ])('%j in a folder below', async (words) => {
    const cwd = join(folder, 'work/sub')
    const theirs = await stored(programs['restic 0.18.0'], words, cwd)
    expect(await stored(programs.ours, words, cwd)).toEqual(theirs)
  })

  it('absolute targets, below all the folders that lead to them', async () => {
    const args = [
      'backup',
      '--force',
      '--tag',
      'absolute',
      join(folder, 'work'),
      join(folder, 'lists'),
    ]
    const listed: string[] = []
    for (const program of [programs.ours, programs['restic 0.18.0']]) {
      await succeed(program, args, run)
      const ls = [
        'ls',
        '--json',
        '--recursive',
        'latest',
        '--tag',
        'absolute',
        join(folder, 'work'),
      ]
      const { stdout } = await succeed(programs['restic 0.18.0'], ls, run)
      listed.push(stdout.slice(stdout.indexOf('\n')))
    }
    expect(listed[0]).toBe(listed[1])
    expect(listed[0]).toContain(`"path":"${folder}/work/sub/deep/z.log"`)
  })

  it('a parent that has other access times, in which all the same nothing counts as changed', async () => {
    const atime = await succeed(programs.ours, ['backup', '--json', 'work', '--with-atime'], run)
    const parent = String(messages(atime, 'summary')[0]?.['snapshot_id'])
    const counts: unknown[] = []
    for (const program of [programs['restic 0.18.0'], programs.ours]) {
      const words = ['backup', '--json', 'work', '--parent', parent]
      const [summary] = messages(await succeed(program, words, run), 'summary')
      counts.push(['new', 'changed', 'unmodified'].map((kind) => summary?.[`files_${kind}`]))
    }
    expect(counts).toEqual([
      [0, 0, 14],
      [0, 0, 14],
    ])
  })

  it('the snapshot of the other as the parent', async () => {
    const words = ['backup', '--json', 'work', '--tag', 'parent']
    const unmodified: unknown[] = []
    await succeed(programs.ours, words, run)
    for (const program of [programs['restic 0.18.0'], programs.ours]) {
      const [summary] = messages(await succeed(program, words, run), 'summary')
      unmodified.push(summary?.['files_unmodified'])
    }
    expect(unmodified).toEqual([14, 14])
  })
})

describe('a restore brings back the same with', () => {
  beforeAll(async () => {
    await succeed(programs['restic 0.18.0'], ['backup', '--host', 'for-restore', 'work'], run)
  })

  it.each([
    [[]],
    [['--include', '*.txt']],
    [['--include', '/work/sub/deep', '--include', 'work/*.log']],
    [['--iinclude', 'CACHE', '--iinclude', '*.TXT']],
    [['--include-file', 'lists/globs']],
    [['--exclude', '*.log', '--exclude', 'sub']],
    [['--iexclude', '*.TXT']],
    [['--exclude-file', 'lists/excludes']],
    [['--overwrite', 'never']],
    [['--overwrite', 'if-newer']],
    [['--overwrite', 'if-changed']],
    [['--delete']],
    [['--delete', '--include', '*.txt', '--include', 'work']],
    [['--delete', '--exclude', '*.log']],
    [['--sparse', '--verify']],
  ])('%j', async (flags) => {
    const restored = async (program: Program) => {
      const target = await mkdtemp(join(folder, 'restored-'))
      prepareTarget(target)
      // restic replaces a link in the place of a folder even here; we leave it, and say so.
      if (flags.includes('never')) unlinkSync(join(target, 'work/tagged'))
      const id = ['latest', '--host', 'for-restore']
      const args = ['restore', ...id, '--target', target, '--json', ...flags]
      const { code, stderr } = await program.run(args, run)
      // Folders that got or lost an entry have the time of now, unless the snapshot has one for them.
      const state = asNodeRestores(folderState(target)).map((entry) =>
        entry.type === 'dir' ? { ...entry, mtimeNs: 0n } : entry,
      )
      return { code, failed: stderr !== '', state }
    }
    const theirs = await restored(programs['restic 0.18.0'])
    expect(await restored(programs.ours)).toEqual(theirs)
  })

  it('a folder of the snapshot, into a copy of what was backed up', async () => {
    const theirs = await copied(programs['restic 0.18.0'])
    expect(await copied(programs.ours)).toEqual(theirs)
  })
})

/** Something in the way of everything that a flag could be about. */
function prepareTarget(target: string): void {
  mkdirSync(join(target, 'work/sub/extra'), { recursive: true })
  writeFileSync(join(target, 'work/a.txt'), 'A')
  writeFileSync(join(target, 'work/b.TXT'), 'older and longer')
  lutimesSync(join(target, 'work/b.TXT'), 1_000_000, 1_000_000)
  lutimesSync(join(target, 'work/a.txt'), 4_000_000_000, 4_000_000_000)
  writeFileSync(join(target, 'work/extra.txt'), 'extra')
  writeFileSync(join(target, 'work/extra.log'), 'extra')
  mkdirSync(join(target, 'work/link'))
  symlinkSync('/etc', join(target, 'work/tagged'))
  for (const name of ['extra.txt', 'extra.log', 'tagged']) {
    lutimesSync(join(target, 'work', name), 2_000_000, 2_000_000)
  }
}

async function copied(program: Program) {
  const target = await mkdtemp(join(folder, 'copy-'))
  await cp(join(folder, 'work/sub'), target, { recursive: true, preserveTimestamps: true })
  const args = ['restore', 'latest:/work/sub', '--host', 'for-restore', '--target', target]
  await succeed(program, args, run)
  return asNodeRestores(folderState(target))
}
