/** Trees hold local times: whatever `TZ` says, it says the same to restic and to us. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResticRun } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type Program, type Programs, allPrograms, messages, succeed } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'time-zones-'))
let programs: Programs & AsyncDisposable
let run: ResticRun

/** Before standard time, at the two changes of a year, and after the last change a file may list. */
const times = ['1901-12-14T00:00:00Z', '1943-07-01T00:00:00Z', '1970-01-01T00:00:00Z']
const changes = ['2026-03-29T01:00:00Z', '2026-10-25T00:59:59Z', '2045-07-01T12:00:00Z']

beforeAll(async () => {
  mkdirSync(join(folder, 'work'))
  for (const [index, time] of [...times, ...changes].entries()) {
    const path = join(folder, 'work', String(index))
    writeFileSync(path, '')
    utimesSync(path, new Date(time), new Date(time))
  }
  programs = await allPrograms()
  const first: ResticRun = { repo: join(folder, 'repo'), password: 'p', cwd: folder }
  await succeed(programs.ours, ['init'], first)
  run = { ...first, env: await addCheapKey(first.repo, first.password) }
})
afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const inZone = (zone: string): ResticRun => ({ ...run, env: { ...run.env, TZ: zone } })

/** The tree, and the time of a snapshot that was made in an hour that Amsterdam had twice. */
async function stored(program: Program, zone: string): Promise<unknown> {
  const args = ['backup', '--json', '--force', '--time', '2026-10-25 02:30:00', 'work']
  const result = await succeed(program, args, inZone(zone))
  const id = String(messages(result, 'summary')[0]?.['snapshot_id'])
  const { stdout } = await succeed(programs['restic 0.18.0'], ['cat', 'snapshot', id], run)
  const { tree, time } = JSON.parse(stdout)
  return { tree, time }
}

/** Lines in any order: some snapshots are of the same moment. */
async function shown(program: Program, zone: string): Promise<ReadonlySet<string>> {
  const { stdout } = await succeed(program, ['snapshots'], inZone(zone))
  return new Set(stdout.split('\n'))
}

describe.each([
  'Europe/Amsterdam',
  'America/St_Johns',
  'Africa/Monrovia',
  ':Australia/Lord_Howe',
  '/usr/share/zoneinfo/Asia/Kathmandu',
  'JST-9',
  'GMT+3',
  'Nowhere/City',
  '',
])('with TZ=%s', (zone) => {
  it('the same times are stored', async () => {
    const theirs = await stored(programs['restic 0.18.0'], zone)
    expect(await stored(programs.ours, zone)).toEqual(theirs)
  })

  it('the same times are shown', async () => {
    const theirs = await shown(programs['restic 0.18.0'], zone)
    expect(await shown(programs.ours, zone)).toEqual(theirs)
    expect(theirs.size).toBeGreaterThan(4)
  })
})
