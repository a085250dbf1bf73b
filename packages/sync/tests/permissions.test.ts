/** Modes of another machine are not this one's: nothing gets locked up, and nobody's rights are given away. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TargetError } from 'restic-core'
import { describe, expect, it } from 'vitest'
import { pull, push, restore, status } from '../src/index.ts'
import { temporaryFolder, writeFiles } from './machine.ts'
import { filesOf, on, withFiles } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'config/a.toml': 'a = 1', 'options.txt': 'fov:70' }
const modeOf = (...path: string[]): number => statSync(join(...path)).mode & 0o7777

describe('a read-only folder, and a file with more rights than others', { timeout: 60_000 }, () => {
  it('arrive as folders and files of whoever pulls', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'config/locked/b.toml': 'b = 1', 'config/run.sh': 'true' })
    chmodSync(join(a.folder, 'config/run.sh'), 0o6755)
    chmodSync(join(a.folder, 'config/locked'), 0o555)
    await push(on(a))
    const staged: number[] = []
    const watched = withFiles(b, () => ({
      flushFile(path) {
        if (path.endsWith('b.toml')) staged.push(modeOf(b.folder, path, '..') & 0o700)
        return Promise.resolve()
      },
    }))
    expect(await pull(watched)).toMatchObject({ outcome: 'changed' })
    expect(staged).toEqual([0o700])
    expect(filesOf(b)).toEqual(filesOf(a))
    expect(modeOf(b.folder, 'config/locked') & 0o700).toBe(0o700)
    expect(modeOf(b.folder, 'config/run.sh')).toBe(0o755)

    const to = join(temporary.path, 'elsewhere')
    await restore({ ...on(b), state: 'latest', to })
    expect(modeOf(to, 'config/run.sh')).toBe(0o755)
  })

  it('that an older version left among the staged files is no obstacle', async () => {
    using temporary = temporaryFolder()
    const { b } = await twoMachines(temporary.path, world)
    const left = join(b.folder, '.cloud-sync/staging/new/config/locked')
    mkdirSync(left, { recursive: true })
    writeFileSync(join(left, 'b.toml'), 'b = 1')
    chmodSync(left, 0o555)
    const writable: string[] = []
    const files = b.platform().files(b.folder)
    const watched = withFiles(b, () => ({
      makeWritable(path) {
        writable.push(path)
        return files.makeWritable(path)
      },
    }))
    await status(watched)
    expect(writable).toEqual(['.cloud-sync/staging/new/config/locked'])
    expect(existsSync(left)).toBe(false)
  })

  it('that holds what has to be replaced is named, and nothing is changed', async () => {
    using temporary = temporaryFolder()
    const { a, b } = await twoMachines(temporary.path, world)
    writeFiles(a.folder, { 'config/a.toml': 'a = 2', 'options.txt': 'fov:90' })
    await push(on(a))
    const files = b.platform().files(b.folder)
    const locked = withFiles(b, () => ({
      rename(from, to) {
        if (from !== 'config/a.toml') return files.rename(from, to)
        return Promise.reject(new TargetError(`cannot write ${to}`, to, 'denied'))
      },
    }))
    await expect(pull(locked)).rejects.toMatchObject({
      code: 'IN_USE',
      message: 'config/a.toml cannot be moved or replaced: permission denied',
      paths: ['config/a.toml'],
    })
    expect(filesOf(b)).toEqual(world)
    expect(await pull(on(b))).toMatchObject({ outcome: 'changed', counts: { changed: 2 } })
  })
})
