/** Folders of the Python cloud-sync, with a repository that real restic 0.14 made, work as they are. */
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { runRestic } from '../../../tools/servers.ts'
import { history, pull, push, restore, status } from '../src/index.ts'
import { type Files, type Machine, makeMachine, token, writeFiles } from './machine.ts'
import { Scene, filesOf, on } from './scene.ts'

const id = '01HZX3K9V7Q2M4N8P6R5T1W0YA'
const world: Files = {
  'saves/World/level.dat': 'level',
  'saves/World/region/r.0.0.mca': 'region',
  'options.txt': 'fov:70',
  'config/a.toml': 'a = 1',
}
const leftAlone: Files = { 'saves/World/session.lock': '☃', 'logs/latest.log': 'log' }

/** What the Python program left: settings, token, and a state of schema 1 with keys of its own. */
function pythonFolder(scene: Scene, name: string, files: Files): Machine {
  const machine = makeMachine(name, join(scene.root, name))
  writeFiles(machine.folder, {
    ...files,
    '.cloud-sync/sync.json': JSON.stringify({
      schema: 1,
      url: scene.server.url,
      instance_id: id,
      added_by_a_newer_version: { kept: true },
    }),
    '.cloud-sync/token': `${token.account}:${token.password}\n`,
    '.cloud-sync/state.json': JSON.stringify({
      schema: 1,
      last_snapshot: 'abcd1234',
      last_sync: '2025-11-02T18:30:00+00:00',
    }),
  })
  return machine
}

interface Backup {
  /** where restic stands and what it is given, for a pack folder */
  readonly cwd: (folder: string) => string
  readonly args: (folder: string) => string[]
}

const layouts: Readonly<Record<string, Backup>> = {
  'an absolute path': { cwd: (folder) => folder, args: (folder) => [folder] },
  'the folder it stands in': { cwd: (folder) => folder, args: () => ['.'] },
  'a path from the folder above': {
    cwd: (folder) => join(folder, '..'),
    args: (folder) => [folder.slice(folder.lastIndexOf('/') + 1)],
  },
  'absolute paths of the folders in it': {
    cwd: (folder) => folder,
    args: (folder) => ['saves', 'options.txt', 'config'].map((name) => join(folder, name)),
  },
  'names of the folders in it': {
    cwd: (folder) => folder,
    args: () => ['saves', 'options.txt', 'config'],
  },
}

function withAccount(url: string): string {
  return url.replace('//', `//${token.account}:${encodeURIComponent(token.password)}@`)
}

/** A player's history as the Python program made it: restic 0.14 over the REST server. */
async function withHistory(scene: Scene, layout: string): Promise<Machine> {
  scene.instanceId = id
  const first = pythonFolder(scene, 'pack of python', { ...world, ...leftAlone })
  const { restic014 } = await peers()
  const { cwd, args } = layouts[layout] as Backup
  const run = (words: readonly string[]) =>
    runRestic(restic014, words, {
      // 0.14 takes an account only in the address.
      repo: `rest:${withAccount(scene.server.url)}${token.account}/${id}/`,
      password: token.password,
      cwd: cwd(first.folder),
    })
  for (const words of [['init'], ['backup', '--host=python', ...args(first.folder)]]) {
    const { code, stderr } = await run(words)
    if (code !== 0) throw new Error(stderr)
  }
  return first
}

describe('a folder of the Python cloud-sync', { timeout: 120_000 }, () => {
  it.each(Object.keys(layouts))('goes on where restic 0.14 backed up %s', async (layout) => {
    await using scene = await Scene.create()
    const first = await withHistory(scene, layout)
    const before = filesOf(first)

    // What is here is what is there: that is the base from now on.
    expect(await pull(on(first))).toMatchObject({ outcome: 'up-to-date' })
    expect(await status(on(first))).toMatchObject({ verdict: 'equal', lastSync: {} })
    expect(await push(on(first))).toMatchObject({ outcome: 'up-to-date' })
    expect(filesOf(first)).toEqual(before)
    const state = readControl(first, 'state.json')
    expect(state).toMatchObject({ schema: 2, instance_id: id, last_snapshot: 'abcd1234' })
    expect(readControl(first, 'sync.json')).toMatchObject({
      added_by_a_newer_version: { kept: true },
    })

    // The first push of ours builds on the snapshot of restic's.
    writeFiles(first.folder, { 'saves/World/level.dat': 'played' })
    expect(await push(on(first))).toMatchObject({ outcome: 'changed', counts: { changed: 1 } })
    const items = await historyOf(first)
    expect(items.map(({ host }) => host)).toEqual([first.name, 'python'])
    expect(items[0]?.parent).toBe(items[1]?.snapshot)
    await scene.expectClean()

    // A new machine gets it, an old state comes back, and a conflict is one like any other.
    const second = pythonFolder(scene, 'second', {})
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual({ ...world, 'saves/World/level.dat': 'played' })
    await restore({ ...on(second), state: items[1]?.snapshot ?? '' })
    expect(filesOf(second)).toEqual(world)
    writeFiles(second.folder, { 'options.txt': 'theirs' })
    await push(on(second))
    writeFiles(first.folder, { 'options.txt': 'ours' })
    expect(await pull(on(first))).toMatchObject({ outcome: 'conflict' })
    expect(await pull({ ...on(first), onConflict: 'keep-there' })).toMatchObject({
      outcome: 'changed',
    })
    expect(filesOf(first)).toEqual({ ...before, 'options.txt': 'theirs' })
  })

  it('that was played since conflicts with its history instead of losing one of them', async () => {
    await using scene = await Scene.create()
    const first = await withHistory(scene, 'an absolute path')
    writeFiles(first.folder, { 'saves/World/level.dat': 'played and never pushed' })
    expect(await pull(on(first))).toMatchObject({ outcome: 'conflict' })
    expect(await pull({ ...on(first), onConflict: 'keep-here' })).toMatchObject({
      outcome: 'changed',
    })
    expect(filesOf(first)['saves/World/level.dat']).toBe('played and never pushed')
    const items = await historyOf(first)
    expect(items.filter(({ isHead }) => isHead)).toHaveLength(1)
    await scene.expectClean()
  })

  it('keeps its token as it is', async () => {
    await using scene = await Scene.create()
    const first = await withHistory(scene, 'an absolute path')
    const text = readFileSync(join(first.folder, '.cloud-sync/token'), 'utf8')
    const { mode, mtimeMs } = statSync(join(first.folder, '.cloud-sync/token'))
    await pull(on(first))
    await push(on(first))
    expect(readFileSync(join(first.folder, '.cloud-sync/token'), 'utf8')).toBe(text)
    expect(statSync(join(first.folder, '.cloud-sync/token'))).toMatchObject({ mode, mtimeMs })
    mkdirSync(join(first.folder, 'saves/Another'))
    expect(await push(on(first))).toMatchObject({ outcome: 'changed' })
  })
})

function readControl({ folder }: Machine, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, '.cloud-sync', name), 'utf8'))
}

async function historyOf(machine: Machine) {
  const report = await history({ ...on(machine), withChanges: false })
  if (report.outcome !== 'history') throw new Error('the folder is opted in')
  return report.items
}
