import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type FixtureEntry,
  type FixtureName,
  copyFixture,
  readFixture,
} from '../../../fixtures/read-manifest.ts'
import { peers } from '../../../tools/peers.ts'
import { permissionsToStat } from '../src/format/mode.ts'
import { parseTime } from '../src/format/time.ts'
import type { RestoreSummary } from '../src/operations/restorer/events.ts'

const run = promisify(execFile)
const repositoryRoot = join(import.meta.dirname, '../../..')
const node26 = join(repositoryRoot, 'tools/runtimes/node-26/node_modules/.bin/node')
const isRoot = process.getuid?.() === 0

async function restoreWith(
  node: string,
  name: FixtureName,
  target: string,
  as: { readonly uid?: number; readonly gid?: number } = {},
): Promise<RestoreSummary[]> {
  const program = join(import.meta.dirname, 'programs/restore-fixture.ts')
  const { stdout } = await run(node, [program, name, target], as)
  return JSON.parse(stdout)
}

interface Found {
  readonly type: string
  readonly permissions: number
  readonly mtimeNs: bigint
  readonly uid: number
  readonly gid: number
  readonly links: number
  readonly sha256: string | undefined
  readonly linkTargetHex: string | undefined
}

/** Everything below a folder, by its path in hex. */
function everythingBelow(folder: string): Map<string, Found> {
  const found = new Map<string, Found>()
  const walk = (path: Buffer, prefix: Buffer): void => {
    for (const name of readdirSync(path, { encoding: 'buffer' })) {
      const at = Buffer.concat([path, Buffer.from('/'), name])
      const relative = prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name])
      found.set(relative.toString('hex'), look(at))
      if (lstatSync(at).isDirectory()) walk(at, relative)
    }
  }
  walk(Buffer.from(folder), Buffer.alloc(0))
  return found
}

function look(path: Buffer): Found {
  const stat = lstatSync(path, { bigint: true })
  const isLink = stat.isSymbolicLink()
  const type = stat.isDirectory() ? 'dir' : isLink ? 'symlink' : stat.isFIFO() ? 'fifo' : 'file'
  return {
    type,
    permissions: Number(stat.mode) & 0o7777,
    mtimeNs: stat.mtimeNs,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    links: type === 'dir' ? 0 : Number(stat.nlink),
    sha256:
      type === 'file' ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined,
    linkTargetHex: isLink ? readlinkSync(path, 'buffer').toString('hex') : undefined,
  }
}

function wanted(entry: FixtureEntry): Found {
  const { type, mode, mtime, uid, gid, links = 0, sha256, linkTargetHex } = entry
  return {
    type,
    permissions: type === 'symlink' ? 0o777 : permissionsToStat(mode),
    mtimeNs: parseTime(mtime),
    uid,
    gid,
    links: type === 'fifo' ? 1 : links,
    sha256,
    linkTargetHex,
  }
}

async function wantedEntries(name: FixtureName): Promise<Map<string, Found>> {
  const { snapshots } = await readFixture(name)
  return new Map(snapshots.at(-1)?.entries.map((entry) => [entry.pathHex, wanted(entry)]))
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restore-fixtures-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const names: readonly FixtureName[] = [
  'v1-restic-0.14.0',
  'v1-restic-0.18.0',
  'v2-restic-0.14.0',
  'v2-restic-0.18.0',
]

// The sample belongs to root, and only root can give files to root.
describe.skipIf(!isRoot)('a repository of restic, restored', () => {
  it.each(names)('%s is what its manifest says and what restic restores', async (name) => {
    const { restic018 } = await peers()
    const { password, snapshots } = await readFixture(name)
    const repository = join(folder, `${name}-repository`)
    await copyFixture(name, repository)
    const theirs = join(folder, `${name}-theirs`)
    const id = snapshots.at(-1)?.id ?? ''
    const env = { ...process.env, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: repository }
    await run(restic018, ['restore', '--no-cache', '-q', id, '--target', theirs], { env })
    const ours = join(folder, `${name}-ours`)
    const summaries = await restoreWith(node26, name, ours)
    for (const summary of summaries) expect(summary).toMatchObject({ errors: 0, notKept: {} })
    const found = everythingBelow(ours)
    expect(found).toEqual(everythingBelow(theirs))
    expect(found).toEqual(await wantedEntries(name))
  })

  it('belongs to whoever restores it, and lends nobody their rights', async () => {
    const nobody = 65_534
    const everyones = join(folder, 'everyones')
    mkdirSync(everyones)
    chmodSync(folder, 0o755)
    chmodSync(everyones, 0o777)
    const target = join(everyones, 'target')
    const summaries = await restoreWith(node26, 'v2-restic-0.18.0', target, {
      uid: nobody,
      gid: nobody,
    })
    expect(summaries.at(-1)).toMatchObject({
      total: { entries: 90 },
      errors: 0,
      notKept: { ownership: 89, permissions: 2 },
    })
    const mode = (name: string): number => lstatSync(join(target, 'sample', name)).mode & 0o7777
    expect(mode('mode-setuid')).toBe(0o755)
    expect(mode('mode-setgid')).toBe(0o755)
    expect(mode('mode-setgid-dir')).toBe(0o2750)
    expect(mode('mode-read-only')).toBe(0o444)
  })

  it('is the same without node:ffi, but for the pipe and a fraction of a microsecond', async () => {
    const name = 'v2-restic-0.18.0'
    const target = join(folder, 'plain')
    const summaries = await restoreWith(process.execPath, name, target)
    expect(summaries.at(-1)).toMatchObject({ errors: 0, notKept: { 'special files': 1 } })
    const found = everythingBelow(target)
    const expected = await wantedEntries(name)
    expect([...expected].filter(([path]) => !found.has(path))).toMatchObject([
      [Buffer.from('sample/fifo').toString('hex'), { type: 'fifo' }],
    ])
    for (const [path, { mtimeNs, ...rest }] of found) {
      const { mtimeNs: wantedNs, ...wantedRest } = expected.get(path) as Found
      expect(rest, path).toEqual(wantedRest)
      expect(Math.abs(Number(mtimeNs - wantedNs)), `time of ${path}`).toBeLessThan(1000)
    }
  })
})

describe('what node:fs alone cannot make', () => {
  const program = join(import.meta.dirname, 'programs/restore-specials.ts')

  it.skipIf(!isRoot)('is made through node:ffi', async () => {
    const { stdout } = await run(node26, [program, join(folder, 'ffi')])
    const mtime = '1714979289123456789'
    const base = { device: 0, mode: 0o600, attributes: [] }
    expect(JSON.parse(stdout)).toEqual({
      notKept: {},
      entries: [
        {
          ...base,
          name: 'directory',
          type: 'dir',
          mtime: String(parseTime('1960-02-03T04:05:06.987654321Z')),
          mode: 0o755,
          attributes: ['user.colour=blue', 'user.empty='],
        },
        {
          ...base,
          name: 'file',
          type: 'file',
          mtime,
          mode: 0o644,
          attributes: ['user.colour=red', 'user.empty='],
        },
        { ...base, name: 'link', type: 'symlink', mtime, mode: 0o777 },
        { ...base, name: 'null', type: 'chardev', mtime, device: 0x103 },
        { ...base, name: 'pipe', type: 'fifo', mtime },
      ],
    })
  })

  it('is reported where node:ffi is missing', async () => {
    const { stdout } = await run(process.execPath, [program, join(folder, 'no-ffi')])
    const { notKept, entries } = JSON.parse(stdout)
    expect(notKept).toMatchObject({ 'special files': 2, 'extended attributes': 2 })
    expect(entries.map(({ name }: { name: string }) => name)).toEqual(['directory', 'file', 'link'])
  })
})
