/** What programs that call restic read: our output is restic's, byte for byte. */
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSample } from '../../../fixtures/sample.ts'
import { copyFixture, readFixture } from '../../../fixtures/read-manifest.ts'
import type { ResticRun } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type Program, type Programs, allPrograms, messages, succeed } from './programs.ts'

const fixture = 'v2-restic-0.18.0'
let folder = ''
let programs: Programs & AsyncDisposable
let run: ResticRun

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'same-output-'))
  const repo = join(folder, 'repo')
  await copyFixture(fixture, repo)
  const { password } = await readFixture(fixture)
  const env = await addCheapKey(repo, password)
  run = { repo, password, cwd: folder, env, cacheDir: join(folder, 'cache') }
  await writeSample(join(folder, 'sample'))
  programs = await allPrograms()
  await succeed(
    programs['restic 0.18.0'],
    ['backup', '--host', 'other', 'sample/deep', 'sample/many'],
    run,
  )
})
afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

async function both(args: readonly string[], options: ResticRun = run) {
  const [ours, theirs] = await Promise.all([
    programs.ours.run(args, options),
    programs['restic 0.18.0'].run(args, { ...options, cacheDir: join(folder, 'other-cache') }),
  ])
  return { ours, theirs }
}

describe('the same bytes on standard output', () => {
  it.each([
    ['snapshots'],
    ['snapshots --compact'],
    ['snapshots --json'],
    ['snapshots --latest 1'],
    ['snapshots --host other'],
    ['snapshots --tag second --json'],
    ['snapshots --tag nothing'],
    ['snapshots latest --host other --json'],
    ['ls latest'],
    ['ls latest -l'],
    ['ls latest --json'],
    ['ls latest --ncdu'],
    ['ls latest -q --sort size --reverse'],
    ['ls latest --sort extension -l --human-readable'],
    ['ls latest --sort time'],
    ['ls latest /sample/many'],
    ['ls latest /sample/deep --recursive --json'],
    ['ls latest:/sample/deep/b'],
    ['ls latest --host other /nowhere'],
    ['cat config'],
    ['cat masterkey'],
    ['unlock'],
    ['unlock whatever'],
  ])('%s', async (words) => {
    const { ours, theirs } = await both(words.split(' '))
    expect(ours.stdout).toBe(theirs.stdout)
    expect(ours).toMatchObject({ code: theirs.code, stderr: theirs.stderr })
    expect(ours.code).toBe(0)
  })

  it('snapshots in groups, which restic gives in any order', async () => {
    const { ours, theirs } = await both(['snapshots', '--group-by', 'host,tags'])
    expect(groupsOf(ours.stdout)).toEqual(groupsOf(theirs.stdout))
    expect(groupsOf(ours.stdout).size).toBe(3)
  })

  it('snapshots in groups as JSON, with null for no tags', async () => {
    const { ours, theirs } = await both(['snapshots', '--json', '--group-by', 'host,tags'])
    const [ourGroups, theirGroups] = [ours, theirs].map(
      ({ stdout }) => JSON.parse(stdout) as object[],
    )
    expect(new Set(ourGroups)).toEqual(new Set(theirGroups))
    expect(ours.stdout).toContain('"tags":null')
  })

  it('ls of names that are no text', async () => {
    const id = (await readFixture(fixture)).snapshots[0]?.id ?? ''
    for (const flags of [['-q'], ['-l'], ['--json'], ['--ncdu']]) {
      const { ours, theirs } = await both(['ls', ...flags, id])
      expect(Buffer.from(ours.stdoutBytes).equals(theirs.stdoutBytes)).toBe(true)
      expect(ours.stdoutBytes.length).toBeGreaterThan(1000)
    }
  })

  it('cat of every object there is', async () => {
    const { snapshots, keys } = await readFixture(fixture)
    const indexes = await readdir(join(run.repo, 'index'))
    const packs = await readdir(join(run.repo, 'data'), { recursive: true })
    const objects = [
      ...snapshots.map(({ id }) => ['snapshot', id]),
      ...snapshots.map(({ id }) => ['tree', `${id}:/sample/names`]),
      ...snapshots.map(({ tree }) => ['blob', tree]),
      ...keys.map((id) => ['key', id]),
      ...indexes.map((id) => ['index', id]),
      ...packs.filter((name) => name.length > 60).map((name) => ['pack', name.slice(3)]),
    ]
    for (const object of objects) {
      const { ours, theirs } = await both(['cat', ...object])
      const same = Buffer.from(ours.stdoutBytes).equals(theirs.stdoutBytes)
      expect(same, `cat ${object.join(' ')}: ${ours.stderr}`).toBe(true)
    }
    expect(objects.length).toBeGreaterThan(8)
  })
})

describe('the same words on standard error, and the same exit code', () => {
  it.each([
    ['snapshots zz'],
    ['snapshots latest:/sample latest:'],
    ['cat'],
    ['cat nothing'],
    ['cat blob 12'],
    ['ls latest relative'],
    ['restore latest'],
    ['restore'],
    ['backup'],
    ['--json snapshots --repository-file x'],
    ['snapshots --repo /no/such/place --repository-file x'],
    ['ls latest --ncdu --json'],
    ['init --from-repo other'],
    ['init --copy-chunker-params'],
    ['init --copy-chunker-params --from-repo other --from-repository-file x'],
    ['backup sample --pack-size 3'],
    ['backup sample --pack-size 129'],
  ])('%s', async (words) => {
    const { ours, theirs } = await both(words.split(' '))
    expect({ code: ours.code, stderr: ours.stderr.trim() }).toEqual({
      code: theirs.code,
      stderr: theirs.stderr.trim(),
    })
  })
})

it.each([[[]], [['--json']]])('a backup of a command that fails, with %j', async (flags) => {
  const words = [...flags, '-q', '--stdin-from-command', '--', 'sh', '-c', 'echo half; exit 3']
  const { ours, theirs } = await both(['backup', ...words])
  expect(theirs.stderr).toContain('command failed: exit status 3')
  expect({ code: ours.code, stderr: ours.stderr }).toEqual({
    code: theirs.code,
    stderr: theirs.stderr,
  })
})

it('a restore of a folder that is not there announces nothing', async () => {
  const args = ['restore', 'latest:/nowhere', '--target', join(folder, 'nowhere')]
  const { ours, theirs } = await both(args)
  expect(ours).toMatchObject({ code: 1, stderr: expect.stringContaining('not found') })
  expect(theirs).toMatchObject({ code: 1, stderr: expect.stringContaining('not found') })
  expect([ours.stdout, theirs.stdout].join('')).not.toContain('restoring')
})

it('a restore to where no folder can be is one error', async () => {
  const { ours, theirs } = await both(['restore', 'latest', '--target', 'sample/plain.txt'])
  expect(theirs).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot create target') })
  expect(ours).toMatchObject({ code: 1, stdout: theirs.stdout })
  expect(ours.stderr).toMatch(/^Fatal: cannot make directory .*: something is there already.*\n$/)
})

function restic(args: readonly string[], repo: string) {
  return succeed(programs['restic 0.18.0'], args, { ...run, repo })
}

/** A copy of the repository that lacks some packs of a backup, and whose index knows. */
async function lossy(name: string, target: string, isLost: (size: number) => boolean) {
  const repo = join(folder, name)
  await cp(join(folder, 'repo'), repo, { recursive: true })
  const packs = async (): Promise<string[]> => {
    const entries = await readdir(join(repo, 'data'), { recursive: true, withFileTypes: true })
    return entries.filter((at) => at.isFile()).map((at) => join(at.parentPath, at.name))
  }
  const before = new Set(await packs())
  await restic(['backup', target], repo)
  const added = (await packs()).filter((pack) => !before.has(pack))
  return {
    repo,
    async lose(): Promise<void> {
      for (const pack of added) if (isLost((await stat(pack)).size)) await rm(pack)
      await restic(['repair', 'index'], repo)
    },
  }
}

describe('a backup of what the repository has lost', () => {
  beforeAll(async () => {
    await mkdir(join(folder, 'lost/same'), { recursive: true })
    await mkdir(join(folder, 'lost/touched'))
    await writeFile(join(folder, 'lost/file'), randomBytes(1_000_000))
    await writeFile(join(folder, 'lost/same/file'), randomBytes(700_000))
    await writeFile(join(folder, 'lost/touched/file'), 'before')
    const contents = await lossy('lost contents', 'lost', (size) => size > 500_000)
    await contents.lose()
    const trees = await lossy('lost trees', 'lost', (size) => size < 500_000)
    await writeFile(join(folder, 'lost/touched/file'), 'afterwards')
    await restic(['backup', 'lost'], trees.repo)
    await trees.lose()
  })

  it.each([
    ['lost contents', []],
    ['lost contents', ['--json']],
    ['lost trees', []],
    ['lost trees', ['--json']],
  ])('is an error, for %s with %j', async (name, flags) => {
    const words = ['backup', '--dry-run', 'lost', ...flags]
    const { ours, theirs } = await both(words, { ...run, repo: join(folder, name) })
    expect(theirs.code).toBe(3)
    expect(theirs.stderr).toMatch(name === 'lost trees' ? /tree \w+ is not known/ : 'not found')
    expect({ code: ours.code, stderr: ours.stderr }).toEqual({
      code: theirs.code,
      stderr: theirs.stderr,
    })
  })
})

function groupsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/^(?=snapshots for )/m))
}

/** The names of the members of each message, which are what programs rely on. */
async function shapes(program: Program, args: readonly string[], options: ResticRun) {
  const result = await succeed(program, args, options)
  const cacheless = messages(result).filter((message) => message['message_type'] !== 'status')
  return cacheless.map((message) => [message['message_type'], Object.keys(message).join(' ')])
}

async function polynomial(options: ResticRun): Promise<unknown> {
  const { stdout } = await succeed(programs.ours, ['cat', 'config'], options)
  return JSON.parse(stdout).chunker_polynomial
}

it.each(['ours', 'restic 0.18.0'] as const)('init of %s cuts files like another', async (name) => {
  const source = { RESTIC_FROM_PASSWORD: run.password, RESTIC_FROM_REPOSITORY: run.repo }
  const alike = { ...run, repo: join(folder, `like another, by ${name}`), env: source }
  await succeed(programs[name], ['init', '--copy-chunker-params'], alike)
  expect(await polynomial(alike)).toBe(await polynomial(run))
})

it('tells where nothing can be cached, and goes on', async () => {
  const uncached = { ...run, cacheDir: '/proc/nowhere' }
  const { code, stdout, stderr } = await programs.ours.run(['ls', 'latest'], uncached)
  expect({ code, stderr: stderr.trim().split('\n') }).toEqual({
    code: 0,
    stderr: [expect.stringContaining('unable to use the cache in /proc/nowhere')],
  })
  expect(stdout).toContain('/sample')
})

function jsonLines(text: string): unknown[] {
  const lines = text.trim().split('\n')
  return lines.map((line): unknown => JSON.parse(line))
}

describe('a check', () => {
  it('has a cache of its own, as restic, and leaves nothing of it', async () => {
    const { ours, theirs } = await both(['check', '--no-lock'])
    const announced = /^using temporary cache in \S+\/restic-check-cache-\d+$/m
    expect(ours).toMatchObject({ code: 0, stdout: expect.stringMatching(announced) })
    expect(theirs.stdout).toMatch(announced)
    for (const cacheDir of ['cache', 'other-cache']) {
      const kept = await readdir(join(folder, cacheDir))
      expect(kept.filter((name) => name.startsWith('restic-check'))).toEqual([])
    }
  })

  it.each([['--no-cache'], ['--with-cache']])('has none with %s', async (flag) => {
    const { ours, theirs } = await both(['check', '--no-lock', flag])
    expect([ours.code, theirs.code]).toEqual([0, 0])
    expect(ours.stdout + theirs.stdout).not.toContain('temporary')
  })

  it('names the stages of a repository with nothing in it', async () => {
    const empty = { ...run, repo: join(folder, 'empty'), env: {} }
    await restic(['init'], empty.repo)
    const { ours, theirs } = await both(['check', '--no-lock', '--no-cache'], empty)
    const counts = /^\[0:00\].*\n/gm
    expect(ours.stdout).toBe(theirs.stdout.replace(counts, ''))
  })

  it.each(['/proc/nowhere', '/dev/null/nowhere'])('goes on without one in %s', async (cacheDir) => {
    const { code, stdout, stderr } = await programs.ours.run(['check'], { ...run, cacheDir })
    const told = `unable to use the cache in ${cacheDir}/restic-check-cache-`
    expect({ code, stderr: stderr.trim().split('\n') }).toEqual({
      code: 0,
      stderr: [expect.stringContaining(told)],
    })
    expect(stdout).toContain('no errors were found')
  })
})

it('counts a file that is changed in place as a whole', async () => {
  await mkdir(join(folder, 'partly'), { recursive: true })
  const content = randomBytes(6_000_000)
  await writeFile(join(folder, 'partly/file'), content)
  await restic(['backup', 'partly'], run.repo)
  const summaries = []
  for (const name of ['ours', 'restic 0.18.0'] as const) {
    const target = join(folder, `changed by ${name}`)
    await mkdir(join(target, 'partly'), { recursive: true })
    await writeFile(
      join(target, 'partly/file'),
      content.with(3_000_000, 0x11 ^ (content[3_000_000] ?? 0)),
    )
    const args = ['restore', 'latest', '--path', join(folder, 'partly'), '--json']
    const result = await succeed(programs[name], [...args, '--target', target], run)
    const { seconds_elapsed: _, not_kept: __, ...summary } = messages(result, 'summary')[0] ?? {}
    summaries.push(summary)
  }
  expect(summaries[0]).toEqual(summaries[1])
  expect(summaries[0]).toMatchObject({ bytes_restored: content.length })
})

describe('the same shape of JSON', () => {
  it.each([[], ['--dry-run']])('of a backup %s', async (...flags) => {
    const args = ['backup', '--json', '-vv', '--force', ...flags, 'sample/deep']
    const theirs = new Set(await shapes(programs['restic 0.18.0'], args, run))
    expect(new Set(await shapes(programs.ours, args, run))).toEqual(theirs)
  })

  it('of a backup of nothing from standard input', async () => {
    const args = ['backup', '--json', '--stdin']
    const { ours, theirs } = await both(args)
    expect(jsonLines(ours.stderr)).toEqual(jsonLines(theirs.stderr))
    expect([ours.code, theirs.code]).toEqual([3, 3])
  })

  it('of a backup of what cannot be read, which is named by its place on the machine', async () => {
    // Its first page cannot be read, whoever asks.
    const args = ['backup', '--json', '--no-scan']
    const { ours, theirs } = await both([...args, '/proc/self/mem'])
    const named = [expect.objectContaining({ item: '/proc/self/mem', during: 'archival' })]
    expect(jsonLines(theirs.stderr)).toEqual(expect.arrayContaining(named))
    expect(jsonLines(ours.stderr)).toEqual(expect.arrayContaining(named))
    const relative = await programs.ours.run([...args, 'self/mem'], { ...run, cwd: '/proc' })
    expect(jsonLines(relative.stderr)).toEqual(expect.arrayContaining(named))
  })

  it('of a check', async () => {
    const args = ['check', '--json']
    const theirs = await shapes(programs['restic 0.18.0'], args, run)
    expect(await shapes(programs.ours, args, run)).toEqual(theirs)
  })

  it('of a new repository', async () => {
    const args = ['init', '--json']
    const first = { ...run, repo: join(folder, 'theirs'), env: {} }
    const theirs = await shapes(programs['restic 0.18.0'], args, first)
    const second = { ...first, repo: join(folder, 'ours') }
    expect(await shapes(programs.ours, args, second)).toEqual(theirs)
  })

  it.each([[[]], [['--dry-run']]])('of a restore, entry for entry: %j', async (flags) => {
    const theirs = await restored(programs['restic 0.18.0'], flags)
    expect(await restored(programs.ours, flags)).toEqual(theirs)
  })
})

/** What a restore says: in any order, and whatever time it took. */
async function restored(program: Program, more: readonly string[]) {
  const target = join(folder, 'restored')
  await rm(target, { recursive: true, force: true })
  await mkdir(join(target, 'nor this/nor that'), { recursive: true })
  await writeFile(join(target, 'not in the snapshot'), '')
  await writeFile(join(target, 'nor this/nor that/file'), '')
  const flags = ['--json', '-vv', '--delete', '--host', 'other', '--target', target]
  const args = ['restore', 'latest', ...flags, ...more]
  const result = await succeed(program, args, run)
  const { seconds_elapsed: _, not_kept: __, ...summary } = messages(result, 'summary')[0] ?? {}
  return { items: new Set(messages(result, 'verbose_status')), summary }
}
