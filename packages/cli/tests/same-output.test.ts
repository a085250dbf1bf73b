/** What programs that call restic read: our output is restic's, byte for byte. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
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
    ['cat'],
    ['cat nothing'],
    ['cat blob 12'],
    ['ls latest relative'],
    ['restore latest'],
    ['restore'],
    ['backup'],
    ['--json snapshots --repository-file x'],
    ['snapshots --repo /no/such/place --repository-file x'],
  ])('%s', async (words) => {
    const { ours, theirs } = await both(words.split(' '))
    expect({ code: ours.code, stderr: ours.stderr.trim() }).toEqual({
      code: theirs.code,
      stderr: theirs.stderr.trim(),
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

describe('the same shape of JSON', () => {
  it('of a backup', async () => {
    const args = ['backup', '--json', '-vv', '--force', 'sample/deep']
    const theirs = new Set(await shapes(programs['restic 0.18.0'], args, run))
    expect(new Set(await shapes(programs.ours, args, run))).toEqual(theirs)
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

  it('of a restore, entry for entry', async () => {
    expect(await restored(programs.ours)).toEqual(await restored(programs['restic 0.18.0']))
  })
})

/** What a restore says: in any order, and whatever time it took. */
async function restored(program: Program) {
  const target = join(folder, `restored by ${program.name}`)
  const args = ['restore', 'latest', '--json', '-vv', '--host', 'other', '--target', target]
  const result = await succeed(program, args, run)
  const { seconds_elapsed: _, not_kept: __, ...summary } = messages(result, 'summary')[0] ?? {}
  return { items: new Set(messages(result, 'verbose_status')), summary }
}
