/** A dry run tells what the command would, and stores nothing; the model has it before any command. */
import { rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pull, push } from '../src/index.ts'
import { Fate } from './faults.ts'
import { temporaryFolder, writeFiles } from './machine.ts'
import { on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

describe('a dry run', { timeout: 60_000 }, () => {
  it('of a push tells the conflict that it would end in', async () => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    await push(on(a))
    writeFiles(b.folder, { 'options.txt': 'fov:110' })
    const before = [...cloud.files().keys()]
    expect(await push({ ...on(b), dryRun: true })).toMatchObject({
      outcome: 'conflict',
      conflict: {
        sides: [
          { where: 'here', snapshot: undefined },
          { where: 'there', host: 'a' },
        ],
      },
    })
    expect([...cloud.files().keys()]).toEqual(before)
    expect(await push(on(b))).toMatchObject({ outcome: 'conflict' })
  })

  it('of a push finds nothing where only times have changed', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, world)
    utimesSync(join(a.folder, 'options.txt'), 1_700_000_000, 1_700_000_000)
    expect(await push({ ...on(a), dryRun: true })).toMatchObject({ outcome: 'up-to-date' })
    expect(await push(on(a))).toMatchObject({ outcome: 'up-to-date' })
  })

  it('of a push leaves alone what an interrupted one has uploaded', async () => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await twoMachines(temporary.path, world)
    const stored = (type: string): string[] =>
      [...cloud.files().keys()].filter((path) => path.startsWith(`${type}/`))
    const whole = new Fate()
    writeFiles(b.folder, { 'options.txt': 'fov:110' })
    await push(on(b, whole))
    await pull(on(a))
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    const indexes = stored('index')
    const last = whole.calls.findIndex((call) => /index/.test(call))
    expect(last).toBeGreaterThan(0)
    await expect(push(on(a, new Fate(last)))).rejects.toBeInstanceOf(Error)
    rmSync(join(a.folder, '.cloud-sync/lock'), { force: true })
    expect(stored('data').length).toBeGreaterThan(2 * indexes.length)
    expect(stored('index')).toEqual(indexes)
    expect(await push({ ...on(a), dryRun: true })).toMatchObject({ outcome: 'changed' })
    expect(stored('index')).toEqual(indexes)
    expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
  })

  it('of a pull tells the conflict behind a head with the same files', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    writeFiles(b.folder, { 'options.txt': 'fov:110' })
    expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
    expect(await push(on(b))).toMatchObject({ outcome: 'conflict' })
    // One of two heads was last pushed from here, and the files here are those of the other.
    writeFiles(a.folder, { 'options.txt': 'fov:110' })
    expect(await pull({ ...on(a), dryRun: true })).toMatchObject({ outcome: 'conflict' })
    expect(await pull(on(a))).toMatchObject({ outcome: 'conflict' })
  })
})
