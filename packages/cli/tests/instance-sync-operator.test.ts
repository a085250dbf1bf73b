/** The built program against an operator at work, a second process, and a sudden end of its own. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { type RunningServer, runRestic } from '../../../tools/servers.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { type Ended, type Machine, World, objects } from './instance-sync-machine.ts'

const account = 'player'
const password = 'secret'
const timeout = 300_000

let world: World
let server: RunningServer

beforeAll(async () => {
  world = await World.create()
  server = await world.startServer({ [account]: password })
}, timeout)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

async function optedIn(url = server.url, id?: string): Promise<Machine> {
  const machine = await world.machine()
  const joining = id === undefined ? [] : [`--instance-id=${id}`]
  const token = `${account}:${password}\n`
  await machine.expect(0, ['init', `--url=${url}`, ...joining, '--quiet'], { input: token })
  return machine
}

/** The operator's restic, on the server's own disk. */
async function operator(machine: Machine, args: readonly string[]) {
  const { restic018 } = await peers()
  const repo = join(world.root, 'served', account, await machine.instanceId())
  return runRestic(restic018, args, { repo, password })
}

async function expectClean(machine: Machine): Promise<void> {
  const { code, stdout, stderr } = await operator(machine, ['check', '--read-data', '--no-lock'])
  expect(code, stdout + stderr).toBe(0)
}

async function useAddress({ folder }: Machine, url: string): Promise<void> {
  const path = join(folder, '.cloud-sync/sync.json')
  const settings = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, JSON.stringify({ ...settings, url }))
}

/** What a launcher may get while an operator works: done, locked for long, or a conflict. */
function expectPlain({ code, stderr }: Ended): void {
  expect([0, 11, 20], stderr).toContain(code)
  expect(stderr).not.toMatch(/\bat .*\.(?:ts|mjs):\d+/)
}

describe('instance-sync, while others are at work', { timeout }, () => {
  it('loses nothing to forget and prune at the very moment of a push and a pull', async () => {
    const first = await optedIn()
    await first.write('saves/World/level.dat', 'start')
    await first.expect(0, ['push'])
    const second = await optedIn(server.url, await first.instanceId())
    let prunes = 0
    for (let round = 0; round < 3; round++) {
      // What was there is gone, so that there is much to prune; what comes was partly there before.
      await first.write(`screenshots/${round}.png`, randomBytes(400_000))
      await rm(join(first.folder, `screenshots/${round - 1}.png`), { force: true })
      await first.write('saves/World/level.dat', `round ${round}`)
      const forget = ['forget', '--keep-last=1', '--prune', '--max-unused=0', '--retry-lock=1m']
      const [pruned, ...ended] = await Promise.all([
        operator(first, forget),
        first.run(['push']),
        second.run(['pull']),
      ])
      expect(pruned.code, pruned.stderr).toBe(0)
      prunes += /to delete: +[1-9]/.test(pruned.stdout) ? 1 : 0
      ended.forEach(expectPlain)
      const settled = await first.run(['push'])
      expect([0, 20], settled.stderr).toContain(settled.code)
      await second.expect(0, ['pull', '--on-conflict=keep-there'])
      expect(await second.contents()).toEqual(await first.contents())
      await expectClean(first)
    }
    console.log(`${prunes} of 3 prunes removed something at the very moment`)
    const dumped = await operator(first, ['dump', 'latest', '/saves/World/level.dat'])
    expect(dumped.stdout).toBe('round 2')
  })

  it('stores both of two pushes by two processes, and lets one folder be pushed once', async () => {
    const first = await optedIn()
    await first.write('options.txt', 'start')
    await first.expect(0, ['push'])
    const second = await optedIn(server.url, await first.instanceId())
    await first.write('saves/A/level.dat', randomBytes(300_000))
    await second.write('saves/B/level.dat', randomBytes(300_000))
    const ended = await Promise.all([first, first, second].map((one) => one.run(['push'])))
    for (const { code, stderr } of ended) expect([0, 20], stderr).toContain(code)
    expect(objects(await first.expect(0, ['history', '--json'])).at(-1)).toMatchObject({
      states: 3,
    })
    await expectClean(first)
    await first.expect(0, ['pull', '--on-conflict=merge'])
    await second.expect(0, ['pull'])
    expect(await second.contents()).toEqual(await first.contents())
  })

  it('lets first pushes at once begin one repository with one key', async () => {
    for (let round = 0; round < 3; round++) {
      const first = await optedIn()
      const machines = [first, await world.machine(), await world.machine()]
      for (const [n, machine] of machines.entries()) {
        // A pack that was copied with its opt-in, before anybody has pushed.
        const to = join(machine.folder, '.cloud-sync')
        if (machine !== first) await cp(join(first.folder, '.cloud-sync'), to, { recursive: true })
        await machine.write(`saves/${n}/level.dat`, `of ${n}`)
      }
      const ended = await Promise.all(machines.map((machine) => machine.run(['push'])))
      for (const { code, stderr } of ended) expect([0, 20], stderr).toContain(code)
      const { stdout, stderr } = await operator(first, ['list', 'keys', '--no-lock'])
      expect(stdout.trim().split('\n'), stderr).toHaveLength(1)
      expect((await operator(first, ['list', 'locks', '--no-lock'])).stdout).toBe('')
      expect((await operator(first, ['list', 'snapshots'])).stdout.trim().split('\n')).toHaveLength(
        3,
      )
      await expectClean(first)
    }
  })

  it('does not send again what reached the server before it was killed', async () => {
    const machine = await optedIn()
    await machine.write('options.txt', 'start')
    await machine.expect(0, ['push'])
    for (let n = 0; n < 4; n++) {
      await machine.write(`saves/World/region/r.${n}.0.mca`, randomBytes(17_000_000))
    }
    let arrived = 0
    let hang: (() => void) | undefined
    const hung = new Promise<void>((resolve) => (hang = resolve))
    {
      await using proxy = await startFaultProxy(server.url, (method, path) => {
        if (method !== 'POST' || !path.includes('/data/')) return undefined
        if (++arrived <= 2) return undefined
        hang?.()
        return 'hang'
      })
      await useAddress(machine, proxy.url)
      const child = machine.start(['push'])
      const over = once(child, 'close')
      await hung
      // The two before it have been answered by now, or are about to be.
      await new Promise((resolve) => setTimeout(resolve, 2000))
      child.kill('SIGKILL')
      await over
    }
    await using counting = await startFaultProxy(server.url, () => undefined)
    await useAddress(machine, counting.url)
    const { stdout } = await machine.expect(0, ['push'])
    expect(stdout).toMatch(/An interrupted push goes on: 2 packs are there already/)
    const sent = counting.requests.filter((request) => /^POST .*\/data\//.test(request))
    // 68 MB are four to five packs of at least 16 MiB and one of trees: two were there.
    expect(sent.length).toBeLessThanOrEqual(4)
    await expectClean(machine)
    expect((await machine.expect(0, ['push'])).stdout).toContain('nothing to push')
    const { stdout: stats } = await operator(machine, ['stats', '--mode=raw-data', '--json'])
    expect((JSON.parse(stats) as { total_size: number }).total_size).toBeLessThan(69_000_000)
  })

  it('takes a damaged state.json for none, and a damaged cache for nothing', async () => {
    const machine = await optedIn()
    await machine.write('options.txt', 'a')
    await machine.expect(0, ['push'])
    for (const damage of ['{"schema":2,', '', '[]', '\0\0\0\0']) {
      await machine.write('.cloud-sync/state.json', damage)
      await machine.write('.cloud-sync/cache/files.json', damage)
      await machine.write('.cloud-sync/cache/history.json', damage)
      await machine.write('.cloud-sync/cache/key.json', damage)
      await machine.expect(0, ['pull'])
      expect((await machine.expect(0, ['push'])).stdout).toContain('nothing to push')
    }
    await machine.write('options.txt', 'b')
    await machine.write('.cloud-sync/state.json', 'damaged')
    expect((await machine.expect(20, ['pull'])).stderr).toContain('Nothing was overwritten')
    await machine.write('.cloud-sync/scope.json', '{"exclude": "mods"}')
    expect((await machine.expect(1, ['pull'])).stderr).toMatch(
      /^instance-sync: \.cloud-sync\/scope\.json is damaged\. .*\n$/,
    )
  })

  it('tells a player who wiped the folder how the files come back', async () => {
    const machine = await optedIn()
    await machine.write('options.txt', 'a')
    await machine.write('saves/World/level.dat', 'b')
    await machine.expect(0, ['push'])
    for (const name of ['options.txt', 'saves']) {
      await rm(join(machine.folder, name), { recursive: true })
    }
    const { stderr } = await machine.expect(0, ['pull'])
    const [, command = ''] = /To bring them back: instance-sync (.*)/.exec(stderr) ?? []
    expect((await machine.expect(1, ['push'])).stderr).toContain('--allow-empty')
    expect((await machine.expect(0, ['status'])).stdout).toContain('A push would be refused')
    await machine.expect(0, command.split(' '))
    expect(Object.values(await machine.contents())).toEqual(['a', 'b'])
    expect((await machine.expect(0, ['status'])).stdout).toContain('up to date')
  })

  it('tells a player whose repository is gone whom to ask, and nothing that cannot help', async () => {
    const machine = await optedIn()
    await machine.write('options.txt', 'a')
    await machine.expect(0, ['push'])
    await rm(join(world.root, 'served', account, await machine.instanceId()), { recursive: true })
    const { stdout } = await machine.expect(0, ['status'])
    expect(stdout).toContain('A push would be refused')
    expect(stdout).toContain('Ask whoever runs the server')
    expect(stdout).not.toMatch(/allow-empty|restore/)
    const { stderr } = await machine.expect(10, ['push', '--allow-empty'])
    expect(stderr).toContain(`/${account}/${await machine.instanceId()}/ is gone`)
  })

  it('does not call settings damaged that a newer version wrote', async () => {
    const machine = await optedIn()
    await machine.write('.cloud-sync/sync.json', '{"schema":2,"servers":[]}')
    const { stderr } = await machine.expect(1, ['pull'])
    expect(stderr).toBe(
      'instance-sync: .cloud-sync/sync.json was written by a newer version of this program. ' +
        'Use that version here, too.\n',
    )
  })
})
