/** What the history does not have any more, or never had, is nowhere else than in the folder. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Answer, history, init, pull, push, status } from '../src/index.ts'
import { MemoryCloud, historyContents, temporaryFolder, token, writeFiles } from './machine.ts'
import { filesOf, on } from './scene.ts'
import { type TwoMachines, twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

/** The first machine has pushed something precious, and the server's disk is as it was before. */
async function setBack(root: string): Promise<TwoMachines> {
  const machines = await twoMachines(root, world)
  const { a, cloud } = machines
  const backup = cloud.files()
  writeFiles(a.folder, { 'saves/World/level.dat': 'precious' })
  await push(on(a))
  cloud.reset(backup)
  return machines
}

describe('a server that was set back to an older state', { timeout: 60_000 }, () => {
  it.each<Answer>(['keep-there', 'keep-both', 'merge', 'keep-here'])(
    'costs nothing that was pushed since, settled by %s',
    async (onConflict) => {
      using temporary = temporaryFolder()
      const { a, b, cloud } = await setBack(temporary.path)
      writeFiles(b.folder, { 'options.txt': 'fov:90' })
      expect(await push(on(b))).toMatchObject({ outcome: 'changed' })
      expect(await pull(on(a))).toMatchObject({
        outcome: 'conflict',
        conflict: { sides: [{ where: 'here', snapshot: undefined }, { where: 'there' }] },
      })
      await pull({ ...on(a), onConflict })
      const kept = await historyContents(cloud.open())
      const here = Object.values(filesOf(a))
      expect(kept.has('precious') || here.includes('precious')).toBe(true)
      expect(onConflict === 'keep-there' && here.includes('precious')).toBe(false)
      await push(on(a))
      expect((await historyContents(cloud.open())).has('precious')).toBe(true)
    },
  )

  it('gets what it lost from the next push', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await setBack(temporary.path)
    expect(await status(on(a))).toMatchObject({ verdict: 'push' })
    expect(await pull(on(a))).toMatchObject({ outcome: 'up-to-date' })
    expect(await push({ ...on(a), dryRun: true })).toMatchObject({ outcome: 'changed' })
    expect(await push(on(a))).toMatchObject({ outcome: 'changed' })
    expect(await push(on(a))).toMatchObject({ outcome: 'up-to-date' })
    expect(await status(on(a))).toMatchObject({ verdict: 'equal' })
    expect(await pull(on(b))).toMatchObject({ outcome: 'changed', counts: { changed: 1 } })
    expect(filesOf(b)).toEqual(filesOf(a))
  })

  it('gets it also when another machine has pushed, and a conflict is told', async () => {
    using temporary = temporaryFolder()
    const { a, b, cloud } = await setBack(temporary.path)
    writeFiles(b.folder, { 'options.txt': 'fov:90' })
    await push(on(b))
    expect(await push(on(a))).toMatchObject({ outcome: 'conflict' })
    expect((await historyContents(cloud.open())).has('precious')).toBe(true)
  })
})

describe('a repository that is gone', { timeout: 60_000 }, () => {
  it('is not begun anew by a push, but by an init', async () => {
    using temporary = temporaryFolder()
    const { a, cloud } = await twoMachines(temporary.path, world)
    cloud.reset(new MemoryCloud().files())
    const gone = { code: 'NO_REPOSITORY', hint: expect.stringContaining('init') }
    await expect(pull(on(a))).rejects.toMatchObject(gone)
    await expect(push(on(a))).rejects.toMatchObject(gone)
    await expect(push({ ...on(a), dryRun: true })).rejects.toMatchObject(gone)
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    await expect(push(on(a))).rejects.toMatchObject(gone)
    expect(cloud.files().size).toBe(0)
    expect(await status(on(a))).toMatchObject({ refusal: expect.stringContaining('gone') })
    await init({ ...on(a), url: '/cloud', token })
    expect(await push(on(a))).toMatchObject({ outcome: 'changed', counts: { added: 2 } })
    expect(await pull(on(a))).toMatchObject({ outcome: 'up-to-date' })
  })
})

describe('a folder that was set back to an older state of itself', { timeout: 60_000 }, () => {
  it('stays apart from what it pushed before, whatever an operator forgets', async () => {
    using temporary = temporaryFolder()
    const { a, cloud } = await twoMachines(temporary.path, world)
    const saved = join(temporary.path, 'saved')
    cpSync(a.folder, saved, { recursive: true, preserveTimestamps: true })
    for (const level of ['two', 'three']) {
      writeFiles(a.folder, { 'saves/World/level.dat': level })
      await push(on(a))
    }
    rmSync(a.folder, { recursive: true })
    cpSync(saved, a.folder, { recursive: true, preserveTimestamps: true })
    writeFiles(a.folder, { 'saves/World/level.dat': 'precious' })
    expect(await push(on(a))).toMatchObject({ outcome: 'conflict' })
    const told = await history({ ...on(a), withChanges: false })
    const states = told.outcome === 'history' ? told.items.map(({ snapshot }) => snapshot) : []
    const kept = new Set(states.slice(0, 2))
    expect(states).toHaveLength(4)
    const files = cloud.files()
    for (const path of files.keys()) {
      const [type, name = ''] = path.split('/')
      if (type === 'snapshots' && ![...kept].some((id) => id === name)) files.delete(path)
    }
    cloud.reset(files)
    expect(await pull(on(a))).toMatchObject({ outcome: 'conflict' })
    expect(filesOf(a)['saves/World/level.dat']).toBe('precious')
  })
})
