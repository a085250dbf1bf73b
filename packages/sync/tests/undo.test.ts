import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { disable, init, pull, push, undo } from '../src/index.ts'
import { temporaryFolder, token, writeFiles } from './machine.ts'
import { filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

describe('an undo', { timeout: 60_000 }, () => {
  it.each([
    ['a folder stands where a file', 'config', 'config/mine'],
    ['a file stands where a folder', 'config/theirs', 'config'],
  ])('undoes nothing while %s has to come back', async (_, before, since) => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { [before]: 'old' })
    await push(on(a))
    await pull(on(b))
    rmSync(join(a.folder, 'config'), { recursive: true })
    await push(on(a))
    await pull(on(b))
    writeFiles(b.folder, { [since]: 'new' })
    const files = filesOf(b)
    const refusal = { code: 'REFUSED', paths: [since], hint: expect.stringContaining('away') }
    await expect(undo({ ...on(b), dryRun: true })).rejects.toMatchObject(refusal)
    await expect(undo(on(b))).rejects.toMatchObject(refusal)
    expect(filesOf(b)).toEqual(files)
    rmSync(join(b.folder, 'config'), { recursive: true })
    await undo(on(b))
    expect(filesOf(b)[before]).toBe('old')
  })

  it('undoes a pull that put an empty folder where a file was', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, { ...world, config: 'old' })
    await pull(on(b))
    rmSync(join(a.folder, 'config'))
    mkdirSync(join(a.folder, 'config/empty'), { recursive: true })
    await push(on(a))
    await pull(on(b))
    expect(statSync(join(b.folder, 'config/empty')).isDirectory()).toBe(true)
    await undo(on(b))
    expect(filesOf(b)).toEqual({ ...world, config: 'old' })
  })

  it('undoes nothing of the instance that the folder was before', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    await push(on(a))
    await pull(on(b))
    await disable(on(b))
    await init({ ...on(b), url: '/cloud', token })
    await expect(undo(on(b))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(filesOf(b)).toEqual({ ...world, 'options.txt': 'fov:90' })
  })
})
