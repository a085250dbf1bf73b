/** Machines that stored the same files have nothing to tell each other, whatever the times of the files. */
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { history, pull, push, status } from '../src/index.ts'
import { type Machine, type MemoryCloud, temporaryFolder, writeFiles } from './machine.ts'
import { filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

/** Both push, and neither sees the other. */
async function pushAtOnce(a: Machine, b: Machine, cloud: MemoryCloud): Promise<void> {
  const before = cloud.files()
  expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
  const pushedByA = cloud.files()
  cloud.reset(before)
  expect(await push(on(b))).toMatchObject({ outcome: 'changed' })
  cloud.reset(new Map([...cloud.files(), ...pushedByA]))
}

describe('heads with the same files', { timeout: 60_000 }, () => {
  it('are no conflict, and the next push succeeds them together', async () => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await twoMachines(temporary.path, world)
    for (const [at, seconds] of [
      [a, 1_700_000_000],
      [b, 1_700_000_777],
    ] as const) {
      writeFiles(at.folder, { 'options.txt': 'fov:90' })
      utimesSync(join(at.folder, 'options.txt'), seconds, seconds)
    }
    await pushAtOnce(a, b, cloud)
    for (const at of [a, b]) {
      expect(await status(on(at))).toMatchObject({ verdict: 'equal' })
      expect(await pull(on(at))).toMatchObject({ outcome: 'up-to-date' })
      expect(await push(on(at))).toMatchObject({ outcome: 'up-to-date' })
    }
    writeFiles(b.folder, { 'options.txt': 'fov:110' })
    expect(await status(on(b))).toMatchObject({ verdict: 'push', here: { changed: 1 } })
    expect(await pull(on(b))).toMatchObject({ outcome: 'up-to-date' })
    expect(await push(on(b))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(a))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(a)).toEqual(filesOf(b))
    expect(await pull(on(b))).toMatchObject({ outcome: 'up-to-date' })
  })

  it('stay apart where one has something else that the scope does not reach', async () => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await twoMachines(temporary.path, world)
    writeFiles(b.folder, {
      '.cloud-sync/scope.json': JSON.stringify({
        include: ['**'],
        exclude: ['config', 'config/**'],
      }),
    })
    writeFiles(a.folder, { 'options.txt': 'fov:90', 'config/mod.toml': 'x = 1' })
    writeFiles(b.folder, { 'options.txt': 'fov:90' })
    await pushAtOnce(a, b, cloud)
    expect(await pull(on(b))).toMatchObject({ outcome: 'up-to-date' })
    writeFiles(b.folder, { 'options.txt': 'fov:110' })
    // What only the first has in `config` would be in no head any more.
    expect(await push(on(b))).toMatchObject({ outcome: 'conflict' })
  })

  it('need no second one where one is there already', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    for (const at of [a, b]) writeFiles(at.folder, { 'options.txt': 'fov:90' })
    utimesSync(join(b.folder, 'options.txt'), 1_700_000_777, 1_700_000_777)
    expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
    expect(await status(on(b))).toMatchObject({ verdict: 'equal' })
    for (const dryRun of [true, false]) {
      expect(await push({ ...on(b), dryRun })).toMatchObject({ outcome: 'up-to-date' })
    }
    expect(await pull(on(b))).toMatchObject({ outcome: 'up-to-date' })
    const told = await history({ ...on(b), withChanges: false })
    expect(told).toMatchObject({ items: [{ host: 'a' }, { host: 'a' }] })
  })

  it('are told by status as a pull finds them', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    await push(on(a))
    writeFiles(b.folder, { 'options.txt': 'fov:90' })
    expect(await status(on(b))).toMatchObject({ verdict: 'equal' })
    writeFiles(b.folder, { 'options.txt': 'fov:30' })
    expect(await push(on(b))).toMatchObject({ outcome: 'conflict' })
    writeFiles(b.folder, { 'options.txt': 'fov:90' })
    expect(await status(on(b))).toMatchObject({ verdict: 'conflict' })
    expect(await pull(on(b))).toMatchObject({ outcome: 'conflict' })
  })
})
