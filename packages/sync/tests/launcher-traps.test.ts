/** What launchers and players do to two machines, against a real server. */
import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { history, init, pull, push, restore, status } from '../src/index.ts'
import { type Machine, makeMachine, temporaryFolder, token, writeFiles } from './machine.ts'
import { Scene, filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

async function stateCount(machine: Machine): Promise<number> {
  const report = await history({ ...on(machine), withChanges: false })
  return report.outcome === 'history' ? report.items.length : 0
}

async function pairInSync(scene: Scene): Promise<[Machine, Machine]> {
  const first = await scene.machine(world)
  await push(on(first))
  return [first, await scene.machine()]
}

describe('two machines of a player', { timeout: 120_000 }, () => {
  it('keep what was played when the game crashed and nothing was pushed after it', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    writeFiles(first.folder, { 'saves/World/level.dat': 'played until the crash' })

    // Nobody else pushed: the next launch finds a pending push, and the cloud is no newer.
    expect(await pull(on(first))).toMatchObject({ outcome: 'up-to-date', isEmptied: false })
    expect(filesOf(first)['saves/World/level.dat']).toBe('played until the crash')
    expect(await status(on(first))).toMatchObject({ verdict: 'push', here: { changed: 1 } })

    // Somebody did: that is a conflict, and both sides stay.
    writeFiles(second.folder, { 'saves/World/level.dat': 'played elsewhere' })
    await push(on(second))
    expect(await pull(on(first))).toMatchObject({ outcome: 'conflict' })
    expect(filesOf(first)['saves/World/level.dat']).toBe('played until the crash')
    expect(await push(on(first))).toMatchObject({
      outcome: 'conflict',
      snapshot: expect.any(String),
    })
    expect(await stateCount(second)).toBe(3)
  })

  it('do not take a fresh install with default files for the newest state', async () => {
    await using scene = await Scene.create()
    const [, second] = await pairInSync(scene)
    const fresh = makeMachine('fresh', join(scene.root, 'fresh'))
    writeFiles(fresh.folder, { 'options.txt': 'defaults', 'config/new.toml': 'defaults' })
    const joining = {
      ...on(fresh),
      url: scene.server.url,
      token,
      instanceId: scene.instanceId,
    }
    expect(await init(joining)).toMatchObject({ outcome: 'conflict' })
    expect(filesOf(fresh)).toEqual({ 'options.txt': 'defaults', 'config/new.toml': 'defaults' })
    // No opened key stays, and no history.
    expect(existsSync(join(fresh.folder, '.cloud-sync'))).toBe(false)
    const url = scene.server.url.replace('://', `://${token.account}:secret@`)
    const refused = init({ ...joining, url })
    await expect(refused).rejects.toMatchObject({ code: 'SETTINGS' })
    await expect(refused).rejects.not.toThrow('secret')

    // Opted in by hand, so that no question was asked: its push is a fork and wins nothing.
    writeFiles(fresh.folder, {
      '.cloud-sync/sync.json': JSON.stringify({
        schema: 1,
        url: scene.server.url,
        instance_id: scene.instanceId,
      }),
      '.cloud-sync/token': `${token.account}:${token.password}\n`,
    })
    expect(await pull(on(fresh))).toMatchObject({ outcome: 'conflict' })
    expect(await push(on(fresh))).toMatchObject({ outcome: 'conflict' })
    expect(filesOf(second)).toEqual(world)
    expect(await pull({ ...on(fresh), onConflict: 'keep-there' })).toMatchObject({
      outcome: 'changed',
    })
    expect(filesOf(fresh)).toEqual(world)
  })

  it.each([-30n, 30n])('agree although one clock is off by %d years', async (years) => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    second.clockOffNs = years * 31_557_600_000_000_000n
    writeFiles(second.folder, { 'options.txt': 'of the machine with the wrong clock' })
    expect(await push(on(second))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(first))).toMatchObject({ outcome: 'changed' })
    writeFiles(first.folder, { 'options.txt': 'of the machine with the right clock' })
    expect(await push(on(first))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)['options.txt']).toBe('of the machine with the right clock')
    second.clockOffNs *= -1n
    expect(await pull(on(second))).toMatchObject({ outcome: 'up-to-date' })
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
  })

  it('that push at once both arrive, and settle it once', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    writeFiles(first.folder, { 'saves/World/level.dat': 'of the first' })
    writeFiles(second.folder, { 'saves/World/level.dat': 'of the second' })
    const reports = await Promise.all([push(on(first)), push(on(second))])
    expect(reports.map(({ outcome }) => outcome)).toContain('conflict')
    await scene.expectClean()
    expect(await pull(on(first))).toMatchObject({ outcome: 'conflict' })
    expect(await pull({ ...on(first), onConflict: 'keep-both' })).toMatchObject({
      outcome: 'changed',
    })
    expect(await push(on(first))).toMatchObject({ outcome: 'up-to-date' })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual(filesOf(first))
    expect(Object.values(filesOf(first))).toEqual(
      expect.arrayContaining(['of the first', 'of the second']),
    )
  })

  it('that make the repository at once end up in one', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine({ 'a.txt': 'of the first' })
    const second = makeMachine('second', join(scene.root, 'second'))
    writeFiles(second.folder, {
      'b.txt': 'of the second',
      '.cloud-sync/sync.json': JSON.stringify({
        schema: 1,
        url: scene.server.url,
        instance_id: scene.instanceId,
      }),
      '.cloud-sync/token': `${token.account}:${token.password}\n`,
    })
    await Promise.all([push(on(first)), push(on(second))])
    expect(await pull({ ...on(first), onConflict: 'merge' })).toMatchObject({ outcome: 'changed' })
    await pull(on(second))
    expect(filesOf(second)).toEqual({ 'a.txt': 'of the first', 'b.txt': 'of the second' })
    expect(filesOf(first)).toEqual(filesOf(second))
  })

  it('wait for a push that still runs before they pull', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    writeFiles(second.folder, { 'options.txt': 'newer' })
    await push(on(second))
    writeFiles(first.folder, { 'screenshots/a.png': 'a'.repeat(500_000) })
    let pulling: ReturnType<typeof pull> | undefined
    const pushed = await push({
      ...on(first),
      onEvent: ({ type }) => {
        if (type !== 'read') return
        pulling ??= pull({ ...on(first), lockWaitMs: 60_000, onConflict: 'merge' })
      },
    })
    expect(pushed).toMatchObject({ outcome: 'conflict' })
    expect(await pulling).toMatchObject({ outcome: 'changed' })
    expect(filesOf(first)['options.txt']).toBe('newer')
  })

  it('give up on a command that does not end, and go on when it has', async () => {
    await using scene = await Scene.create()
    const [first] = await pairInSync(scene)
    const { pid } = process
    const started = first.platform().processStart(pid)
    const lock = join(first.folder, '.cloud-sync/lock')
    writeFileSync(lock, JSON.stringify({ token: 'x', pid, host: first.name, started, beat: 1 }))
    await expect(pull({ ...on(first), lockWaitMs: 300 })).rejects.toMatchObject({
      code: 'BUSY',
      message: `process ${pid} on ${first.name} is working on this folder`,
    })
    const report = await pull({
      ...on(first),
      lockWaitMs: 60_000,
      onEvent: ({ type }) => {
        if (type === 'waiting') rmSync(lock)
      },
    })
    expect(report).toMatchObject({ outcome: 'up-to-date' })
  })

  it.each([
    ['in a container of the same name', (space: string) => space.replace(/\d+\]$/, '1]')],
    ['on a machine of the same name', (space: string) => space.replace(/^\w+/, 'another')],
  ])('leave a folder to a command %s', async (_, otherSpace) => {
    await using scene = await Scene.create()
    const [first] = await pairInSync(scene)
    const lock = join(first.folder, '.cloud-sync/lock')
    // A number that no process has here says nothing about one there.
    const holder = { token: 'x', pid: 2 ** 22 + 1, host: first.name, started: '1', beat: 1 }
    const space = first.platform().processSpace
    writeFileSync(lock, JSON.stringify({ ...holder, space: otherSpace(space) }))
    const busy = { code: 'BUSY' }
    await expect(pull({ ...on(first), lockWaitMs: 300 })).rejects.toMatchObject(busy)
    writeFileSync(lock, JSON.stringify({ ...holder, space }))
    expect(await pull({ ...on(first), lockWaitMs: 300 })).toMatchObject({ outcome: 'up-to-date' })
    writeFileSync(lock, JSON.stringify(holder))
    expect(await pull({ ...on(first), lockWaitMs: 300 })).toMatchObject({ outcome: 'up-to-date' })
  })

  it('wait for a lock that is a link to nowhere as for any that nobody wrote to its end', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, { 'options.txt': 'fov:70' })
    symlinkSync('nowhere', join(a.folder, '.cloud-sync/lock'))
    await expect(pull(on(a))).rejects.toMatchObject({ code: 'BUSY' })
    expect(await pull({ ...on(a), lockWaitMs: 60_000 })).toMatchObject({ outcome: 'up-to-date' })
  })

  it('play offline, and compare lineage once they are back', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    writeFiles(second.folder, { 'options.txt': 'meanwhile' })
    await push(on(second))
    first.network.isUp = false
    expect(await pull(on(first))).toMatchObject({ outcome: 'offline' })
    writeFiles(first.folder, { 'saves/World/level.dat': 'played on a train' })
    expect(await push(on(first))).toMatchObject({ outcome: 'offline' })
    expect(await status(on(first))).toMatchObject({ verdict: 'unknown' })
    first.network.isUp = true
    expect(await push(on(first))).toMatchObject({ outcome: 'conflict' })
    expect(await pull({ ...on(first), onConflict: 'merge' })).toMatchObject({ outcome: 'changed' })
    expect(filesOf(first)).toEqual({
      'options.txt': 'meanwhile',
      'saves/World/level.dat': 'played on a train',
    })
  })
})

describe('a folder whose files are gone', { timeout: 120_000 }, () => {
  it('is never pushed by accident, told by status, and filled again by restore', async () => {
    await using scene = await Scene.create()
    const [first] = await pairInSync(scene)
    for (const name of ['saves', 'options.txt'])
      rmSync(join(first.folder, name), { recursive: true })
    expect(await pull(on(first))).toMatchObject({ outcome: 'up-to-date', isEmptied: true })
    expect(filesOf(first)).toEqual({})
    await expect(push(on(first))).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('the folder is empty'),
    })
    expect(await status(on(first))).toMatchObject({
      verdict: 'push',
      refusal: 'the folder is empty, and 2 files were in it at the last sync',
    })
    await restore({ ...on(first), state: 'latest' })
    expect(filesOf(first)).toEqual(world)
    expect(await status(on(first))).toMatchObject({ verdict: 'equal', refusal: undefined })
    expect(await push(on(first))).toMatchObject({ outcome: 'up-to-date' })
  })

  it('is pushed on purpose with allowEmpty, and the others are asked before they follow', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pairInSync(scene)
    for (const name of ['saves', 'options.txt'])
      rmSync(join(first.folder, name), { recursive: true })
    expect(await push({ ...on(first), allowEmpty: true })).toMatchObject({ outcome: 'changed' })
    await expect(pull(on(second))).rejects.toMatchObject({ code: 'REFUSED' })
    expect(filesOf(second)).toEqual(world)
    expect(await pull({ ...on(second), allowEmpty: true })).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual({})
  })

  it('is told from one where most files or nearly all bytes are gone', async () => {
    await using scene = await Scene.create()
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`config/${n}`, `${n}`]))
    const large = { 'screenshots/a.png': 'a'.repeat(400_000) }
    const machine = await scene.machine({ ...many, ...large })
    await push(on(machine))
    for (let n = 0; n < 30; n++) rmSync(join(machine.folder, `config/${n}`))
    await expect(push(on(machine))).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await status(on(machine))).toMatchObject({
      refusal: expect.stringContaining('most files are gone'),
    })
    expect(await push({ ...on(machine), allowEmpty: true })).toMatchObject({ outcome: 'changed' })
    writeFileSync(join(machine.folder, 'screenshots/a.png'), '')
    await expect(push(on(machine))).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await status(on(machine))).toMatchObject({
      refusal: expect.stringContaining('much smaller'),
    })
  })

  it('is an error when the folder itself is not there', async () => {
    await using scene = await Scene.create()
    const [first] = await pairInSync(scene)
    renameSync(first.folder, `${first.folder}.unmounted`)
    expect(await push(on(first))).toEqual({ outcome: 'not-enabled' })
    expect(await pull(on(first))).toEqual({ outcome: 'not-enabled' })
    renameSync(`${first.folder}.unmounted`, first.folder)
    expect(await pull(on(first))).toMatchObject({ outcome: 'up-to-date' })
  })
})
