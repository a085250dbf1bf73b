/** What the program says and does when a repository is not what it should be. */
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { copyFixture, readFixture } from '../../../fixtures/read-manifest.ts'
import type { ResticRun } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { folderState } from './folder-state.ts'
import { type Program, builtProgram, messages } from './programs.ts'

const fixture = 'v2-restic-0.18.0'
let folder = ''
let password = ''
let ours: Program & AsyncDisposable

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'damage-'))
  password = (await readFixture(fixture)).password
  ours = await builtProgram()
})
afterAll(async () => {
  await ours[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

let copies = 0

async function copied(options: { readonly cheap: boolean }): Promise<ResticRun> {
  const repo = join(folder, `copy-${copies++}`)
  await copyFixture(fixture, repo)
  return options.cheap
    ? { repo, password, env: await addCheapKey(repo, password) }
    : { repo, password }
}

/** The files of one kind, the largest first. */
function filesOf(repo: string, type: 'keys' | 'index' | 'snapshots' | 'data'): string[] {
  const entries = readdirSync(join(repo, type), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted((a, b) => readFileSync(b).length - readFileSync(a).length)
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
}

function hashesOf(repo: string): ReadonlyMap<string, string> {
  const entries = readdirSync(repo, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path, createHash('sha256').update(readFileSync(path)).digest('hex')]
    }),
  )
}

/** Runs and expects a failure that is told clearly, gives nothing away and changes nothing. */
async function expectFailure(
  args: readonly string[],
  run: ResticRun,
  code: number,
  text: RegExp | string,
) {
  const before = hashesOf(run.repo)
  const result = await ours.run(args, run)
  const said = result.stdout + result.stderr
  expect(result.code, said).toBe(code)
  expect(result.stderr).toMatch(text)
  expect(said).not.toContain(run.password)
  expect(said, 'no stack trace').not.toMatch(/^ +at /m)
  expect(hashesOf(run.repo)).toEqual(before)
  return result
}

describe('a repository that cannot be opened', () => {
  it('asks for another password', async () => {
    const run = await copied({ cheap: false })
    const wrong = { ...run, password: 'not the secret one' }
    await expectFailure(['snapshots'], wrong, 12, /^Fatal: wrong password or no key found\n$/)
    const json = await expectFailure(['snapshots', '--json'], wrong, 12, '"code":12')
    expect(JSON.parse(json.stderr)).toEqual({
      message_type: 'exit_error',
      code: 12,
      message: 'Fatal: wrong password or no key found',
    })
  })

  it('is not there', async () => {
    const repo = join(folder, 'absent')
    const result = await ours.run(['snapshots'], { repo, password })
    expect(result).toMatchObject({ code: 10, stdout: '' })
    expect(result.stderr).toContain('Fatal: repository does not exist')
    expect(result.stderr).toContain(`Is there a repository at the following location?\n${repo}\n`)
  })

  it('has a damaged config', async () => {
    const run = await copied({ cheap: true })
    flip(join(run.repo, 'config'), 60)
    await expectFailure(['snapshots'], run, 1, /^Fatal: config is damaged/)
  })

  it('has an empty config', async () => {
    const run = await copied({ cheap: true })
    chmodSync(join(run.repo, 'config'), 0o600)
    truncateSync(join(run.repo, 'config'), 0)
    await expectFailure(['snapshots'], run, 1, /^Fatal: config is damaged/)
  })

  it('has a damaged key and no other', async () => {
    const run = await copied({ cheap: false })
    const [key = ''] = filesOf(run.repo, 'keys')
    flip(key, 300)
    await expectFailure(['snapshots'], run, 1, /^Fatal: key [0-9a-f]{8}.* is damaged/)
  })
})

describe('a repository with damage inside', () => {
  it('has a damaged index', async () => {
    const run = await copied({ cheap: true })
    const [index = ''] = filesOf(run.repo, 'index')
    flip(index, 100)
    await expectFailure(['ls', 'latest'], run, 1, /^Fatal: index [0-9a-f]{8}.* is damaged/)
    const target = join(folder, 'unindexed')
    await expectFailure(['restore', 'latest', '--target', target], run, 1, /index [0-9a-f]{8}/)
    await expectFailure(
      ['check'],
      run,
      1,
      /error: index [0-9a-f]{8}[^]*Fatal: repository contains errors/,
    )
  })

  it('has a damaged snapshot, and shows the others', async () => {
    const run = await copied({ cheap: true })
    const [snapshot = ''] = filesOf(run.repo, 'snapshots')
    flip(snapshot, 50)
    const result = await ours.run(['snapshots', '--json'], run)
    expect(result.code).toBe(0)
    expect(JSON.parse(result.stdout)).toHaveLength(1)
    expect(result.stderr).toMatch(/^Ignoring "[0-9a-f]{64}": snapshot [0-9a-f]{8}.* is damaged/)
    await expectFailure(['check'], run, 1, /error: snapshot/)
  })

  it.each([
    ['damaged', (pack: string) => flip(pack, 5000)],
    ['cut short', (pack: string) => truncateSync(pack, 10_000)],
    ['missing', (pack: string) => rmSync(pack)],
  ])('has a pack that is %s, and gives back everything else', async (_, damage) => {
    const run = await copied({ cheap: true })
    const whole = join(folder, `whole-${copies}`)
    expect(await ours.run(['restore', 'latest', '--target', whole], run)).toMatchObject({ code: 0 })
    const [pack = ''] = filesOf(run.repo, 'data')
    chmodSync(pack, 0o600)
    damage(pack)
    const target = join(folder, `partly-${copies}`)
    const args = ['restore', 'latest', '--target', target, '--no-cache', '--json']
    const result = await expectFailure(args, run, 1, /"Fatal: There were \d+ errors"/)
    const errors = messages({ stdout: result.stderr }, 'error')
    const failed = new Set(errors.map(({ item }) => item))
    expect(failed.size).toBeGreaterThan(0)
    const contents = (path: string) =>
      folderState(path)
        .map((entry) => ({ ...entry, name: Buffer.from(entry.path, 'latin1').toString() }))
        // JSON has no names for what is not UTF-8.
        .filter(({ type, name }) => type === 'file' && !name.includes('\ufffd'))
        .filter(({ name }) => !failed.has(name))
        .map(({ name, content }) => ({ name, content }))
    expect(contents(target)).toEqual(contents(whole))
    expect(contents(target).length + failed.size).toBeGreaterThan(60)
    await expectFailure(['check', '--read-data'], run, 1, /error: pack [0-9a-f]{8}/)
  })
})

describe('words that make no sense', () => {
  it.each([
    [['frobnicate'], 'unknown command "frobnicate" for "restic-ts"\n'],
    [['snapshots', '--frobnicate'], 'unknown flag: --frobnicate\n'],
    [['snapshots', '-Z'], "unknown shorthand flag: 'Z' in -Z\n"],
    [['backup', '--exclude'], 'flag needs an argument: --exclude\n'],
    [['backup', '--exclude', '[', '/tmp'], 'Fatal: --exclude: invalid pattern(s) provided:\n[\n'],
    [['backup'], 'Fatal: nothing to backup, please specify source files/dirs\n'],
    [['backup', '/no/such/path'], 'Fatal: all source directories/files do not exist\n'],
    [['restore', 'latest'], 'Fatal: please specify a directory to restore to (--target)\n'],
    [
      ['snapshots', '-q', '-v'],
      'Fatal: --quiet and --verbose cannot be specified at the same time\n',
    ],
  ])('%j', async (args, text) => {
    const result = await ours.run(args, { repo: join(folder, 'absent'), password })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr.endsWith(text), result.stderr).toBe(true)
  })
})
