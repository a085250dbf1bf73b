/** What servers and their operators do to a player, with a real server. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type ServerResponse, createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../cli/tests/fault-proxy.ts'
import { history, init, pull, push, restore, status } from '../src/index.ts'
import { type Machine, token, writeFiles } from './machine.ts'
import { Scene, filesOf, on } from './scene.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

/** Points a machine at another address of the same server. */
function useAddress({ folder }: Machine, url: string): void {
  const path = join(folder, '.cloud-sync/sync.json')
  const settings = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  writeFileSync(path, JSON.stringify({ ...settings, url }))
}

function noise(length: number): string {
  return randomBytes(length).toString('hex')
}

async function snapshotIds(machine: Machine): Promise<string[]> {
  const report = await history({ ...on(machine), withChanges: false })
  return report.outcome === 'history' ? report.items.map(({ snapshot }) => snapshot) : []
}

describe('a server', { timeout: 120_000 }, () => {
  it('that is full refuses a push in words, and takes it once there is room', async () => {
    await using scene = await Scene.create({ maxSize: 300_000 })
    const machine = await scene.machine(world)
    await push(on(machine))
    writeFiles(machine.folder, { 'screenshots/a.png': noise(400_000) })
    const error = await push({ ...on(machine), patienceMs: 500 }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'BACKEND', reason: 'full' })
    await scene.expectClean()
    expect(filesOf(machine)['screenshots/a.png']).toHaveLength(800_000)
    expect(await pull(on(machine))).toMatchObject({ outcome: 'up-to-date' })
    await scene.restart({ maxSize: 10_000_000 })
    useAddress(machine, scene.server.url)
    expect(await push(on(machine))).toMatchObject({ outcome: 'changed' })
    await scene.expectClean()
  })

  it('that only lets read gives a pull all it wants, and a push an answer', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    writeFiles(first.folder, { 'options.txt': 'newer' })
    await push(on(first))
    await using proxy = await startFaultProxy(scene.server.url, (method) =>
      method === 'POST' || method === 'DELETE' ? { status: 403 } : undefined,
    )
    useAddress(second, proxy.url)
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)['options.txt']).toBe('newer')
    writeFiles(second.folder, { 'options.txt': 'mine' })
    await expect(push(on(second))).rejects.toMatchObject({ code: 'BACKEND' })
    expect(filesOf(second)['options.txt']).toBe('mine')
    useAddress(second, scene.server.url)
    expect(await push(on(second))).toMatchObject({ outcome: 'changed' })
  })

  it('whose password changed names the account and not the password, until the token is new', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    await scene.restart({ htpasswd: { [token.account]: 'a new password' } })
    useAddress(machine, scene.server.url)
    writeFiles(machine.folder, { 'options.txt': 'newer' })
    for (const command of [pull, push, status]) {
      const error = await command(on(machine)).catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'BACKEND', reason: 'denied' })
      expect(String(error)).toContain(token.account)
      expect(String(error)).not.toContain(token.password)
    }
    // The new token is the server's password; the repository's is still the old one.
    writeFiles(machine.folder, { '.cloud-sync/token': `${token.account}:a new password\n` })
    const repositoryPassword = token.password
    await expect(push(on(machine))).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
    expect(await push({ ...on(machine), repositoryPassword })).toMatchObject({ outcome: 'changed' })
  })

  it.each([
    [
      'sends to the login page of a network',
      (response: ServerResponse) =>
        void response.writeHead(302, { location: 'http://login.example/' }).end(),
    ],
    ['says nothing at all', () => {}],
  ] as const)('that %s counts as out of reach, and soon', async (_, answer) => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    const { port } = new URL(scene.server.url)
    await scene.server.stop()
    const portal = createServer((_request, response) => answer(response)).listen(Number(port))
    await once(portal, 'listening')
    try {
      for (const command of [pull, push]) {
        const report = await command({ ...on(machine), patienceMs: 300 })
        expect(report).toMatchObject({ outcome: 'offline', reason: expect.any(String) })
      }
    } finally {
      portal.close()
      portal.closeAllConnections()
    }
  })

  it.each([/\/config$/, /\/keys\/$/, /\/keys\/./, /\/snapshots\/./])(
    'that answers a listing, and then hangs at %s, counts as out of reach, and soon',
    async (place) => {
      await using scene = await Scene.create()
      const first = await scene.machine(world)
      await push(on(first))
      const second = await scene.machine()
      writeFiles(first.folder, { 'options.txt': 'newer' })
      await push(on(first))
      rmSync(join(second.folder, '.cloud-sync/cache'), { recursive: true })
      await using proxy = await startFaultProxy(scene.server.url, (_, path) =>
        place.test(path) ? 'hang' : undefined,
      )
      useAddress(second, proxy.url)
      const startMs = performance.now()
      const told = expect.stringContaining('did not answer') as string
      for (const command of [pull, push]) {
        const report = await command({ ...on(second), patienceMs: 300 })
        expect(report).toMatchObject({ outcome: 'offline', reason: told })
      }
      expect(performance.now() - startMs).toBeLessThan(20_000)
      useAddress(second, scene.server.url)
      expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    },
  )

  it('whose repository was removed is not mistaken for an empty one', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    rmSync(scene.repository, { recursive: true })
    expect(await pull(on(first)).catch((error: unknown) => error)).toMatchObject({
      code: 'NO_REPOSITORY',
      message: expect.stringContaining('is gone'),
    })
    expect(filesOf(first)).toEqual(world)
    // Perhaps the server's disk is not there. Only an init begins a new history.
    writeFiles(first.folder, { 'options.txt': 'newer' })
    await expect(push(on(first))).rejects.toMatchObject({ code: 'NO_REPOSITORY' })
    expect(existsSync(scene.repository)).toBe(false)
    await init({ ...on(first), url: scene.server.url, token })
    expect(await push(on(first))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual(filesOf(first))
    await scene.expectClean()
  })

  it('whose operator forgot the base, or all but the newest, leaves everybody able to go on', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    for (const options of ['one', 'two', 'three']) {
      writeFiles(first.folder, { 'options.txt': options })
      await push(on(first))
    }
    const forgotten = await scene.restic(['forget', '--keep-last=1', '--prune'])
    expect(forgotten.code, forgotten.stderr).toBe(0)
    expect(await snapshotIds(first)).toHaveLength(1)

    // The second machine's base is gone, and its own state with it; that is still no conflict.
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual(filesOf(first))
    writeFiles(second.folder, { 'options.txt': 'four' })
    expect(await push(on(second))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(first))).toMatchObject({ outcome: 'changed' })

    // The newest itself is forgotten: what machines have is not thrown away for what is older.
    const newest = (await snapshotIds(first))[0] ?? ''
    const again = await scene.restic(['forget', '--prune', newest])
    expect(again.code, again.stderr).toBe(0)
    expect(await pull(on(first))).toMatchObject({ outcome: 'up-to-date' })
    expect(filesOf(first)['options.txt']).toBe('four')
    writeFiles(first.folder, { 'options.txt': 'five' })
    expect(await push(on(first))).toMatchObject({ outcome: 'changed' })
    expect(await pull({ ...on(second), onConflict: 'keep-there' })).toMatchObject({
      outcome: 'changed',
    })
    expect(filesOf(second)['options.txt']).toBe('five')
    await scene.expectClean()
  })

  it('that goes away in the middle of a pull or a push changes nothing here', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const second = await scene.machine()
    writeFiles(first.folder, { 'saves/World/region/r.0.0.mca': noise(200_000) })
    await push(on(first))
    await using proxy = await dyingProxy(scene, (path) => path.includes('/data/'))
    useAddress(second, proxy.url)
    const before = filesOf(second)
    expect(await pull({ ...on(second), patienceMs: 300 })).toMatchObject({ outcome: 'offline' })
    expect(filesOf(second)).toEqual(before)
    expect(existsSync(join(second.folder, '.cloud-sync/staging/journal.json'))).toBe(false)
    writeFiles(second.folder, { 'saves/World/level.dat': noise(1000) })
    expect(await push({ ...on(second), patienceMs: 300 })).toMatchObject({ outcome: 'offline' })
    useAddress(second, scene.server.url)
    expect(await push(on(second))).toMatchObject({ outcome: 'conflict' })
    expect(await pull({ ...on(second), onConflict: 'keep-there' })).toMatchObject({
      outcome: 'changed',
    })
    await scene.expectClean()
  })

  it('that was filled by real restic with prune in between restores every state that is left', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine({ ...world, 'config/a': noise(50_000) })
    await push(on(machine))
    rmSync(join(machine.folder, 'config/a'))
    await push(on(machine))
    const pruned = await scene.restic(['forget', '--keep-last=1', '--prune'])
    expect(pruned.code, pruned.stderr).toBe(0)
    // What was pruned comes again, and must be stored again although it was known once.
    writeFiles(machine.folder, { 'config/b': 'b' })
    await push(on(machine))
    const [newest = ''] = await snapshotIds(machine)
    rmSync(join(machine.folder, 'config'), { recursive: true })
    await restore({ ...on(machine), state: newest })
    expect(filesOf(machine)['config/b']).toBe('b')
    await scene.expectClean()
  })
})

/** Lets everything through until the first request that is meant, and then nothing. */
function dyingProxy(scene: Scene, isMeant: (path: string) => boolean): Promise<FaultProxy> {
  let isDead = false
  return startFaultProxy(scene.server.url, (_, path) => {
    isDead ||= isMeant(path)
    return isDead ? { status: 503 } : undefined
  })
}
