/** A launcher's life: real processes, a real server with accounts that lets nobody delete. */
import { once } from 'node:events'
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodePlatform, useInstance } from '@instance-sync/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { type RunningServer, runRestic } from '../../../tools/servers.ts'
import { type Machine, World, objects } from './instance-sync-machine.ts'

const account = 'player'
const password = 'pa:ss wörd'
const token = `${account}:${password}\n`
const timeout = 120_000

let world: World
let server: RunningServer

beforeAll(async () => {
  world = await World.create()
  server = await world.startServer({ [account]: password, other: 'x' })
}, timeout)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

async function withInstance(): Promise<Machine> {
  const machine = await world.machine()
  await machine.write('options.txt', 'fov:0.5\n')
  await machine.write('saves/My "World" ☃/level.dat', Buffer.alloc(3000, 7))
  await machine.write('saves/My "World" ☃/region/r.0.0.mca', Buffer.alloc(300_000, 'region'))
  await machine.write('logs/latest.log', 'not synced')
  await machine.expect(0, ['init', `--url=${server.url}`], { input: token })
  return machine
}

async function joined(first: Machine): Promise<Machine> {
  const machine = await world.machine()
  const id = await first.instanceId()
  await machine.expect(0, ['init', `--url=${server.url}`, `--instance-id=${id}`, '--quiet'], {
    input: token,
  })
  return machine
}

async function synced(machine: Machine): Promise<Record<string, string>> {
  const contents = await machine.contents()
  return Object.fromEntries(Object.entries(contents).filter(([path]) => !path.startsWith('logs/')))
}

async function restic(machine: Machine, args: readonly string[]) {
  const { restic018 } = await peers()
  const address = `${account}/${await machine.instanceId()}/`
  return runRestic(restic018, args, {
    repo: `rest:${server.url}${address}`,
    password,
    env: { RESTIC_REST_USERNAME: account, RESTIC_REST_PASSWORD: password },
  })
}

describe('instance-sync, as a launcher runs it', { timeout }, () => {
  it('does nothing and says nothing in a folder that is not opted in', async () => {
    const machine = await world.machine()
    for (const command of ['pull', 'push']) {
      for (const flags of [[], ['--json'], ['-g', '--on-conflict', 'stop']]) {
        const ended = await machine.expect(0, [command, ...flags])
        expect(ended).toEqual({ code: 0, stdout: '', stderr: '' })
      }
    }
    expect(await readdir(machine.folder)).toEqual([])
  })

  it('pushes, loses the disk, pulls, and goes on', async () => {
    const machine = await withInstance()
    const { mode } = await stat(join(machine.folder, '.cloud-sync/token'))
    expect(mode & 0o777).toBe(0o600)
    expect((await machine.expect(0, ['pull'])).stdout).toBe(
      'Test Pack is up to date: nothing newer in the cloud.\n',
    )
    expect((await machine.expect(0, ['push'])).stdout).toMatch(/^Test Pack pushed: 3 files added/m)
    expect((await machine.expect(0, ['push'])).stdout).toContain('nothing to push')
    const before = await synced(machine)

    await machine.wipe()
    expect((await machine.expect(0, ['pull'])).stdout).toMatch(/^Test Pack pulled: 3 files added/m)
    expect(await synced(machine)).toEqual(before)

    await machine.write('options.txt', 'fov:0.7\n')
    const [, summary] = objects(await machine.expect(0, ['push', '--dry-run', '--json']))
    expect(summary).toMatchObject({ outcome: 'changed', dry_run: true, files_changed: 1 })
    await machine.expect(0, ['push', '--quiet'])
    expect((await machine.expect(0, ['status'])).stdout).toContain('up to date')
  })

  it('keeps a second machine equal, in both directions', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await joined(first)
    expect(await synced(second)).toEqual(await synced(first))
    await second.write('saves/My "World" ☃/level.dat', 'played on the second')
    await rm(join(second.folder, 'options.txt'))
    await second.expect(0, ['push'])
    const [summary] = objects(await first.expect(0, ['pull', '--json']))
    expect(summary).toMatchObject({ outcome: 'changed', files_changed: 1, files_removed: 1 })
    expect(await synced(first)).toEqual(await synced(second))
  })

  it('stops at a conflict, and settles it either way for both machines', async () => {
    for (const answer of ['keep-here', 'keep-there', 'keep-both']) {
      const first = await withInstance()
      await first.expect(0, ['push'])
      const second = await joined(first)
      await first.write('saves/My "World" ☃/level.dat', 'first')
      await second.write('saves/My "World" ☃/level.dat', 'second')
      await first.expect(0, ['push'])
      const before = await second.contents()
      const dry = await second.expect(20, ['push', '--dry-run', `--on-conflict=${answer}`])
      expect(dry.stderr).toContain('Conflict: ')
      expect(await second.contents()).toEqual(before)
      const stopped = await second.expect(20, ['pull'])
      expect(stopped.stderr).toContain('Nothing was overwritten.')
      expect(stopped.stderr).toContain('saves/My "World" ☃: changed here, changed there')
      expect(await second.contents()).toEqual(before)

      await second.expect(0, ['pull', `--on-conflict=${answer}`])
      await first.expect(0, ['pull'])
      expect(await synced(first)).toEqual(await synced(second))
      const found = Object.values(await second.contents())
      expect(found.includes('second')).toBe(answer !== 'keep-there')
      expect(found.includes('first')).toBe(answer !== 'keep-here')
      const states = objects(await first.expect(0, ['history', '--json'])).slice(0, -1)
      const contents = await Promise.all(
        states.map(({ snapshot }) =>
          restic(first, ['dump', String(snapshot), '/saves/My "World" ☃/level.dat']),
        ),
      )
      const kept = contents.map(({ stdout }) => stdout)
      expect(kept).toContain('first')
      expect(kept).toContain('second')
    }
  })

  it('stores a push that forks the history, and settles it when the answer is given', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await joined(first)
    await first.write('config/a.toml', 'first')
    await second.write('config/b.toml', 'second')
    await first.expect(0, ['push'])
    const [conflict, summary] = objects(await second.expect(20, ['push', '--json']))
    expect(conflict).toMatchObject({ message_type: 'conflict' })
    expect(summary).toMatchObject({ outcome: 'conflict', snapshot: expect.any(String) })
    await second.expect(0, ['pull', '--on-conflict=merge'])
    await first.expect(0, ['pull'])
    expect(await synced(first)).toEqual(await synced(second))
    expect(Object.keys(await synced(first))).toEqual(
      expect.arrayContaining(['config/a.toml', 'config/b.toml']),
    )
  })

  it('brings old states back, and undoes that', async () => {
    const machine = await withInstance()
    await machine.expect(0, ['push'])
    await machine.write('options.txt', 'fov:0.9\n')
    await machine.expect(0, ['push'])
    const [newest, oldest, total] = objects(await machine.expect(0, ['history', '--json']))
    expect(total).toMatchObject({ states: 2 })
    expect(newest).toMatchObject({ is_base: true, is_head: true, parent: oldest?.['snapshot'] })
    const id = String(oldest?.['snapshot']).slice(0, 8)
    const differing = await machine.expect(0, ['diff', id])
    expect(differing.stdout).toMatch(/~ options\.txt/)
    await machine.expect(0, ['restore', id, 'options.txt'])
    expect((await machine.contents())['options.txt']).toBe('fov:0.5\n')
    await machine.expect(0, ['undo'])
    expect((await machine.contents())['options.txt']).toBe('fov:0.9\n')
    await machine.expect(0, ['restore', id, '--to', join(world.root, 'elsewhere')])
    expect(await readFile(join(world.root, 'elsewhere/options.txt'), 'utf8')).toBe('fov:0.5\n')
  })

  it('wraps a game: pull, the command, push, and its exit code', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await joined(first)
    await first.write('options.txt', 'fov:1\n')
    await first.expect(0, ['push'])
    const script =
      'cat "$INST_MC_DIR/options.txt"; echo played >> "$INST_MC_DIR/options.txt"; exit 7'
    const ended = await second.expect(7, ['run', '--quiet', '--', 'sh', '-c', script])
    expect(ended.stdout).toBe('fov:1\n')
    await first.expect(0, ['pull'])
    expect((await first.contents())['options.txt']).toBe('fov:1\nplayed\n')
    const { stderr } = await first.expect(127, ['run', '--json', '--', '/nonexistent'])
    expect(JSON.parse(stderr)).toMatchObject({ message_type: 'exit_error', code: 127 })
  })

  it('does not start a game on a conflict, and pushes while one runs', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await joined(first)
    await first.write('options.txt', 'first\n')
    await first.expect(0, ['push'])
    await second.write('options.txt', 'second\n')
    const ended = await second.expect(20, ['run', '--', 'echo', 'started'])
    expect(ended.stdout).not.toContain('started')

    const script = 'echo played > "$INST_MC_DIR/options.txt"; echo ready; read -r _'
    const child = first.start(['run', '--every=10s', '--quiet', '--', 'sh', '-c', script])
    const over = world.ended(child)
    await once(child.stdout, 'data')
    const isPushed = async () =>
      (await restic(first, ['dump', 'latest', '/options.txt'])).stdout === 'played\n'
    await expect.poll(isPushed, { timeout: 30_000, interval: 1000 }).toBe(true)
    child.stdin.end('\n')
    expect((await over).code).toBe(0)
    const states = objects(await first.expect(0, ['history', '--json']))
    expect(states.at(-1)).toMatchObject({ states: 3 })
  })

  it('tells before a game that another machine plays the same instance', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await joined(first)
    const platform = nodePlatform({ hostname: 'elsewhere' })
    await useInstance({ packFolder: first.folder, platform }, async () => {
      const told = objects(await second.expect(0, ['run', '--json', '--', 'true']))
      expect(told).toContainEqual({
        message_type: 'event',
        type: 'in-use',
        holders: [expect.objectContaining({ hostname: 'elsewhere' })],
      })
      const { stderr } = await second.expect(0, ['run', '--quiet', '--', 'true'])
      expect(stderr).toBe('The instance is in use on elsewhere, too.\n')
    })
  })

  it('joins with files of its own only when somebody says which count', async () => {
    const first = await withInstance()
    await first.expect(0, ['push'])
    const second = await world.machine()
    await second.write('options.txt', 'a fresh install')
    const init = ['init', `--url=${server.url}`, `--instance-id=${await first.instanceId()}`]
    const { stderr } = await second.expect(20, init, { input: token })
    expect(stderr).toContain('The folder is not synced yet.')
    expect(await second.contents()).toEqual({ 'options.txt': 'a fresh install' })
    expect((await second.expect(0, ['push'])).stdout).toBe('')
    await second.expect(0, [...init, '--on-conflict=keep-there'], { input: token })
    expect(await synced(second)).toEqual(await synced(first))
  })

  it('pushes what a game left that a signal ended', async () => {
    const machine = await withInstance()
    const script = 'echo interrupted > "$INST_MC_DIR/options.txt"; echo ready; exec sleep 60'
    const child = machine.start(['run', '--quiet', '--', 'sh', '-c', script])
    const ended = world.ended(child)
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect((await ended).code).toBe(143)
    const dumped = await restic(machine, ['dump', 'latest', '/options.txt'])
    expect(dumped.stdout).toBe('interrupted\n')
  })

  it('lets a game end that takes more than one Ctrl-C, and pushes what it left', async () => {
    const machine = await withInstance()
    const script = `trap 'count=x$count; echo heard; [ "$count" = xx ] && exit 3' INT
      echo stubborn > "$INST_MC_DIR/options.txt"; echo ready; while :; do sleep 0.05; done`
    const child = machine.start(['run', '--quiet', '--', 'sh', '-c', script])
    const ended = world.ended(child)
    for (let signals = 0; signals < 2; signals++) {
      await once(child.stdout, 'data')
      child.kill('SIGINT')
    }
    expect((await ended).code).toBe(3)
    const dumped = await restic(machine, ['dump', 'latest', '/options.txt'])
    expect(dumped.stdout).toBe('stubborn\n')
  })

  it('ends with 130 when it is interrupted, and the next push succeeds', async () => {
    const machine = await withInstance()
    await machine.write('saves/Big/region/r.0.0.mca', Buffer.alloc(20_000_000, 'z'))
    const child = machine.start(['push'])
    const ended = world.ended(child)
    while (!(await readdir(join(machine.folder, '.cloud-sync'))).includes('lock')) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(code).toBe(130)
    expect(stderr).toBe(
      'instance-sync: interrupt signal received. It is safe to run the command again.\n',
    )
    await machine.expect(0, ['push'])
    expect((await machine.expect(0, ['push'])).stdout).toContain('nothing to push')
  })

  it('lets a player play offline, unless told otherwise', async () => {
    const machine = await withInstance()
    const settings = join(machine.folder, '.cloud-sync/sync.json')
    const text = await readFile(settings, 'utf8')
    await writeFile(settings, text.replace(server.url, 'http://127.0.0.1:1/'))
    const { stderr, stdout } = await machine.expect(0, ['pull'])
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^Test Pack: the server cannot be reached .*\n$/)
    await machine.expect(21, ['pull', '--require-online'])
  })

  it('tells in one line, with the documented code, what is wrong', async () => {
    const machine = await world.machine()
    const init = ['init', `--url=${server.url}`]
    const wrong = await machine.expect(1, init, { input: `${account}:wrong-secret\n` })
    expect(wrong.stderr).toMatch(/^instance-sync: .*account player.*\n$/)
    expect(wrong.stderr).not.toContain('wrong-secret')
    expect((await machine.expect(2, ['pull', '--token=me:wrong-secret'])).stderr).toBe(
      'instance-sync: unknown flag --token\n',
    )
    await machine.expect(2, ['puhs'])
    await machine.expect(2, ['help', 'puhs'])
    const unnamed = await machine.expect(2, ['restore', 'latest', '--to='])
    expect(unnamed.stderr).toBe('instance-sync: the flag --to needs a folder\n')
    await machine.expect(2, ['setup'])
    await machine.expect(1, [...init, `--instance-id=${'0'.repeat(26)}`], { input: token })
    await mkdir(join(machine.folder, '.cloud-sync'), { recursive: true })
    await machine.write('.cloud-sync/sync.json', 'not json')
    const damaged = await machine.expect(1, ['pull', '--json'])
    expect(JSON.parse(damaged.stderr)).toMatchObject({ message_type: 'exit_error', code: 1 })
  })

  it('leaves a repository that restic reads and finds whole, and that lets nobody forget', async () => {
    const machine = await withInstance()
    await machine.expect(0, ['push'])
    const before = await synced(machine)
    const listed = await restic(machine, ['snapshots', '--json'])
    const [snapshot] = JSON.parse(listed.stdout) as Record<string, unknown>[]
    expect(snapshot).toMatchObject({ tags: ['instance-sync'], paths: [machine.folder] })
    for (const [path, content] of Object.entries(before)) {
      const dumped = await restic(machine, ['dump', 'latest', `/${path}`])
      expect(Buffer.from(dumped.stdoutBytes).toString('latin1')).toBe(content)
    }
    expect((await restic(machine, ['forget', '--keep-last=1', '--prune', 'latest'])).code).not.toBe(
      0,
    )
    const checked = await restic(machine, ['check', '--read-data', '--no-lock'])
    expect(checked.stdout).toContain('no errors were found')
    expect((await machine.expect(0, ['disable'])).code).toBe(0)
    expect((await machine.expect(0, ['push'])).stdout).toBe('')
  })

  it('never printed the password', () => {
    expect(world.printed).not.toContain(password)
    expect(world.printed).not.toContain('wrong-secret')
    expect(world.printed).not.toContain(encodeURIComponent(password))
  })
})
