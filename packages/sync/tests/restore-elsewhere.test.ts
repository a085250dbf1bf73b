/** A state that is restored into another folder. */
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { runRestic } from '../../../tools/servers.ts'
import { push, restore } from '../src/index.ts'
import { temporaryFolder, token, writeFiles } from './machine.ts'
import { Scene, filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

describe('a restore into another folder', { timeout: 60_000 }, () => {
  it('refuses to mix with files that differ, and fills up what is missing', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, world)
    const to = join(temporary.path, 'to')
    mkdirSync(to)
    writeFileSync(join(to, 'options.txt'), 'fov:90')
    const refusal = { code: 'REFUSED', paths: ['options.txt'] }
    const given = { ...on(a), state: 'latest', to }
    await expect(restore({ ...given, dryRun: true })).rejects.toMatchObject(refusal)
    await expect(restore(given)).rejects.toMatchObject(refusal)
    expect(readdirSync(to)).toEqual(['options.txt'])
    writeFileSync(join(to, 'options.txt'), 'fov:70')
    const counts = { added: 1, changed: 0, bytes: 5 }
    expect(await restore({ ...given, dryRun: true })).toMatchObject({ counts })
    expect(await restore(given)).toMatchObject({ counts })
    expect(filesOf({ ...a, folder: to })).toEqual(world)
    expect(await restore(given)).toMatchObject({ counts: { added: 0, bytes: 0 } })
    rmSync(join(to, 'saves'), { recursive: true })
    writeFileSync(join(to, 'saves'), 'a file')
    await expect(restore(given)).rejects.toMatchObject({ code: 'TARGET', path: '/saves' })
  })

  it('refuses to mix with links that differ, and takes equal files whatever names they have', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    symlinkSync('options.txt', join(machine.folder, 'link'))
    await push(on(machine))
    const to = join(scene.root, 'to')
    const given = { ...on(machine), state: 'latest', to }
    const refusal = { code: 'REFUSED', paths: ['link'] }
    mkdirSync(to)
    symlinkSync('elsewhere', join(to, 'link'))
    await expect(restore({ ...given, dryRun: true })).rejects.toMatchObject(refusal)
    await expect(restore(given)).rejects.toMatchObject(refusal)
    rmSync(join(to, 'link'))
    writeFileSync(join(to, 'link'), 'fov:70')
    await expect(restore(given)).rejects.toMatchObject(refusal)
    expect(await restore({ ...given, paths: ['options.txt'] })).toMatchObject({
      counts: { added: 1 },
    })
    rmSync(join(to, 'link'))
    symlinkSync('options.txt', join(to, 'link'))
    linkSync(join(to, 'options.txt'), join(to, 'another-name'))
    expect(await restore(given)).toMatchObject({ counts: { added: 1, bytes: 5 } })
    expect(readlinkSync(join(to, 'link'))).toBe('options.txt')
  })

  it('goes where a link leads that was named as the folder', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, world)
    mkdirSync(join(temporary.path, 'real'))
    symlinkSync('real', join(temporary.path, 'link'))
    await restore({ ...on(a), state: 'latest', to: join(temporary.path, 'link') })
    expect(readlinkSync(join(temporary.path, 'link'))).toBe('real')
    expect(filesOf({ ...a, folder: join(temporary.path, 'real') })).toEqual(world)
  })

  it('brings no settings and no secrets of the machine that stored it', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    writeFiles(machine.folder, { '.Cloud-Sync/token': 'somebody:else' })
    const { restic018 } = await peers()
    const run = { repo: scene.repository, password: token.password, cwd: machine.folder }
    const { code, stderr } = await runRestic(restic018, ['backup', '.', '--quiet'], run)
    expect(code, stderr).toBe(0)
    const to = join(scene.root, 'to')
    await restore({ ...on(machine), state: 'latest', to })
    expect(readdirSync(to).toSorted()).toEqual(['options.txt', 'saves'])
  })
})
