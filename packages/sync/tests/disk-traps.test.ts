/** What disks, file systems and programs that hold files do to a player's folder. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { SourceError, TargetError } from 'restic-core'
import { describe, expect, it } from 'vitest'
import { type SyncEvent, pull, push, restore, status, undo } from '../src/index.ts'
import { linuxRules, macRules, windowsRules } from '../src/plan/names.ts'
import { type Machine, writeFiles } from './machine.ts'
import { Scene, filesOf, on, withFiles } from './scene.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

async function pair(
  scene: Scene,
  files: Record<string, string> = world,
): Promise<[Machine, Machine]> {
  const first = await scene.machine(files)
  await push(on(first))
  return [first, await scene.machine()]
}

describe('names', { timeout: 60_000 }, () => {
  it('with blanks, quotes, letters of all kinds and bytes of none are synced as they are', async () => {
    await using scene = await Scene.create()
    const odd = {
      'saves/My "World" \'☃\' $HOME `x`/level.dat': 'a',
      'saves/日本語 𝕎örld/level.dat': 'b',
      'saves/ leading and trailing /x': 'c',
      'config/-rf.toml': 'd',
      'config/%PATH%.toml': 'e',
      'config/a\\b': 'f',
      'config/line\nbreak': 'g',
      [`config/${'n'.repeat(255)}`]: 'h',
    }
    const [first, second] = await pair(scene, odd)
    expect(filesOf(second)).toEqual(odd)
    const raw = Buffer.from('config/\xff\xfe.dat', 'latin1')
    writeFileSync(Buffer.concat([Buffer.from(`${first.folder}/`), raw]), 'bytes')
    await push(on(first))
    await pull(on(second))
    expect(readFileSync(Buffer.concat([Buffer.from(`${second.folder}/`), raw]), 'utf8')).toBe(
      'bytes',
    )
  })

  it.each([
    { kind: 'case twins', rules: windowsRules, path: 'saves/world/level.dat' },
    { kind: 'case twins', rules: macRules, path: 'OPTIONS.TXT' },
    { kind: 'a reserved name', rules: windowsRules, path: 'saves/CON/level.dat' },
    { kind: 'a trailing dot', rules: windowsRules, path: 'config/name.' },
    { kind: 'a trailing blank', rules: windowsRules, path: 'config/name ' },
    { kind: 'a colon', rules: windowsRules, path: 'config/a:b' },
    { kind: 'a backslash', rules: windowsRules, path: 'config/..\\..\\a' },
    { kind: 'a path too long', rules: macRules, path: `config/${'d/'.repeat(500)}a` },
    {
      kind: 'a path too long',
      rules: { ...linuxRules, pathLengthMax: 200 },
      path: `config/${'n'.repeat(190)}`,
    },
  ])('$kind: found before anything is touched, and told by path', async ({ rules, path }) => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    writeFiles(first.folder, { [path]: 'new', 'options.txt': 'changed' })
    await push(on(first))
    const platform = { ...second.platform(), rules: () => Promise.resolve(rules) }
    await expect(pull({ ...on(second), platform })).rejects.toMatchObject({
      code: 'NAMES',
      message: expect.stringContaining(path),
    })
    expect(filesOf(second)).toEqual(world)
    expect(existsSync(join(second.folder, '.cloud-sync/staging/new'))).toBe(false)
  })
})

describe('symlinks', { timeout: 60_000 }, () => {
  it('are synced as links, wherever they lead, and never written through', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    const outside = join(scene.root, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'precious'), 'precious')
    symlinkSync('World', join(first.folder, 'saves/In'))
    symlinkSync(outside, join(first.folder, 'screenshots'))
    symlinkSync('../nowhere', join(first.folder, 'broken'))
    const notes: SyncEvent[] = []
    await push({ ...on(first), onEvent: (event) => notes.push(event) })
    expect(notes).toContainEqual({
      type: 'note',
      note: { path: 'screenshots', kind: 'linked-folder' },
    })
    await pull(on(second))
    expect(readlinkSync(join(second.folder, 'saves/In'))).toBe('World')
    expect(readlinkSync(join(second.folder, 'screenshots'))).toBe(outside)
    expect(readlinkSync(join(second.folder, 'broken'))).toBe('../nowhere')
    expect((await status(on(second))).outcome).toBe('status')

    // The folder comes back on one machine; on the other the link goes, not what it leads to.
    rmSync(join(first.folder, 'screenshots'))
    writeFiles(first.folder, { 'screenshots/precious': 'a picture' })
    await push(on(first))
    await pull(on(second))
    expect(lstatSync(join(second.folder, 'screenshots')).isDirectory()).toBe(true)
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious')
    await undo(on(second))
    expect(readlinkSync(join(second.folder, 'screenshots'))).toBe(outside)
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('precious')
  })

  it('that somebody puts in place of a folder meanwhile are not followed by a pull', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    const outside = join(scene.root, 'outside')
    mkdirSync(join(outside, 'World'), { recursive: true })
    writeFiles(first.folder, { 'saves/World/new.dat': 'new' })
    await push(on(first))
    const swapping = {
      ...on(second),
      onEvent: ({ type }: SyncEvent) => {
        if (type !== 'fetch' || existsSync(join(scene.root, 'aside'))) return
        renameSync(join(second.folder, 'saves'), join(scene.root, 'aside'))
        symlinkSync(outside, join(second.folder, 'saves'))
      },
    }
    await expect(pull(swapping)).rejects.toMatchObject({ code: 'TARGET', reason: 'unsafe' })
    expect(readdirSync(join(outside, 'World'))).toEqual([])
    rmSync(join(second.folder, 'saves'))
    renameSync(join(scene.root, 'aside'), join(second.folder, 'saves'))
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual(filesOf(first))
  })
})

describe('files', { timeout: 900_000 }, () => {
  it('that change while they are read are stored, told, and make the push partial', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    const file = join(machine.folder, 'saves/World/region.mca')
    writeFiles(machine.folder, { 'saves/World/region.mca': 'r'.repeat(60_000_000) })
    const script = `const fs = require('node:fs'); const file = fs.openSync(${JSON.stringify(file)}, 'r+')
      console.log('writing'); for (let n = 0; ; n++) fs.writeSync(file, 'x', n % 60_000_000)`
    const game = spawn(process.execPath, ['-e', script])
    await once(game.stdout, 'data')
    const report = await push(on(machine))
    game.kill()
    await once(game, 'exit')
    expect(report).toMatchObject({ outcome: 'changed', problems: ['saves/World/region.mca'] })
    const listed = await scene.restic(['snapshots', '--json', 'latest'])
    expect(JSON.parse(listed.stdout)).toMatchObject([{ tags: expect.arrayContaining(['partial']) }])
    await scene.expectClean()
    // Once the game is over, the next push has the whole file.
    expect(await push(on(machine))).toMatchObject({ outcome: 'changed', problems: [] })
  })

  it('that cannot be read count as unchanged, and are never replaced', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    writeFiles(first.folder, { 'saves/World/level.dat': 'mine', 'options.txt': 'mine' })
    const denied = withFiles(first, (files) => ({
      stat(path) {
        if (path === 'options.txt') throw new SourceError('denied', path, 'denied')
        return files.stat(path)
      },
    }))
    const report = await push(denied)
    expect(report).toMatchObject({ outcome: 'changed', problems: ['options.txt'] })
    await pull(on(second))
    expect(filesOf(second)).toEqual({ ...world, 'saves/World/level.dat': 'mine' })

    writeFiles(second.folder, { 'options.txt': 'theirs' })
    await push(on(second))
    await expect(pull({ ...denied, onConflict: 'keep-there' })).rejects.toMatchObject({
      code: 'REFUSED',
      paths: ['options.txt'],
    })
    expect(filesOf(first)['options.txt']).toBe('mine')
  })

  it('that vanish while they are read are gone, and nothing else is', async () => {
    await using scene = await Scene.create()
    const machine = await scene.machine(world)
    await push(on(machine))
    writeFiles(machine.folder, { 'a.tmpfile': 'a', 'config/b': 'b' })
    const vanishing = withFiles(machine, (files) => ({
      stat(path) {
        const stat = files.stat(path)
        if (path === 'a.tmpfile') rmSync(join(machine.folder, path), { force: true })
        return stat
      },
    }))
    expect(await push(vanishing)).toMatchObject({ outcome: 'changed', counts: { added: 1 } })
    await scene.expectClean()
    expect(await push(on(machine))).toMatchObject({ outcome: 'up-to-date' })
  })

  it('that another program holds open stop a pull, which takes everything back', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    writeFiles(first.folder, { 'saves/World/level.dat': 'new', 'options.txt': 'new', 'x/y': 'new' })
    await push(on(first))
    for (const held of ['options.txt', 'saves/World/level.dat']) {
      const holding = withFiles(second, (files) => ({
        rename(from, to) {
          if (from !== held) return files.rename(from, to)
          return Promise.reject(new TargetError(`${held} is held open`, held, 'denied'))
        },
      }))
      await expect(pull(holding)).rejects.toMatchObject({ code: 'IN_USE', paths: [held] })
      expect(filesOf(second)).toEqual(world)
    }
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual(filesOf(first))
  })

  it('that change between the plan of a pull and its steps are not overwritten', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    writeFiles(first.folder, { 'saves/World/level.dat': 'theirs' })
    await push(on(first))
    const racing = {
      ...on(second),
      onEvent: ({ type }: SyncEvent) => {
        if (type === 'fetch') writeFiles(second.folder, { 'saves/World/level.dat': 'just now' })
      },
    }
    await expect(pull(racing)).rejects.toMatchObject({ code: 'IN_USE' })
    expect(filesOf(second)['saves/World/level.dat']).toBe('just now')
    expect(await pull(on(second))).toMatchObject({ outcome: 'conflict' })
  })

  it('of a world with regions of 10 MB and 40,000 tiny ones come and go whole', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    for (let n = 0; n < 40_000; n++) {
      const path = join(first.folder, `saves/World/data/${n % 200}/${n}.json`)
      if (n < 200) mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, `${n}`)
    }
    const region = Buffer.alloc(10_000_000)
    for (let n = 0; n < region.length; n += 4) region.writeUInt32LE((n * 2_654_435_761) >>> 0, n)
    mkdirSync(join(first.folder, 'saves/World/region'))
    for (const name of ['r.0.0.mca', 'r.0.1.mca']) {
      writeFileSync(join(first.folder, 'saves/World/region', name), region)
      region.writeUInt32LE(7, 5_000_000)
    }
    expect(await push(on(first))).toMatchObject({ counts: { added: 40_002 } })
    expect(await pull(on(second))).toMatchObject({ counts: { added: 40_002 } })
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
    expect(() =>
      execFileSync('diff', ['-r', '-x', '.cloud-sync', first.folder, second.folder]),
    ).not.toThrow()
    // One chunk of one region is changed: that is what goes over the wire.
    region.writeUInt32LE(9, 0)
    writeFileSync(join(first.folder, 'saves/World/region/r.0.1.mca'), region)
    let sent = 0
    await push({
      ...on(first),
      onEvent: (event) => (sent += event.type === 'sent' ? event.bytes : 0),
    })
    expect(sent).toBeLessThan(6_000_000)
  })
})

describe('empty folders', { timeout: 60_000 }, () => {
  it('that a game makes at every start are no conflict', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    writeFiles(first.folder, { 'options.txt': 'new' })
    await push(on(first))
    mkdirSync(join(second.folder, 'shaderpacks'))
    writeFiles(second.folder, { 'mods/brought-by-the-launcher.jar': 'jar' })
    expect(await status(on(second))).toMatchObject({ verdict: 'pull' })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(filesOf(second)).toEqual({
      ...filesOf(first),
      'mods/brought-by-the-launcher.jar': 'jar',
    })
  })

  it('are synced like files', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    mkdirSync(join(first.folder, 'saves/Empty/region'), { recursive: true })
    expect(await push(on(first))).toMatchObject({ outcome: 'changed' })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed' })
    expect(existsSync(join(second.folder, 'saves/Empty/region'))).toBe(true)
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
  })
})

describe('the trash', { timeout: 60_000 }, () => {
  it('holds the newest three changes, and is no part of what is synced', async () => {
    await using scene = await Scene.create()
    const [first, second] = await pair(scene)
    for (let n = 0; n < 6; n++) {
      writeFiles(first.folder, { 'options.txt': `fov:${n}` })
      await push(on(first))
      await pull(on(second))
    }
    expect(readdirSync(join(second.folder, '.cloud-sync/trash'))).toHaveLength(3)
    expect(await push(on(second))).toMatchObject({ outcome: 'up-to-date' })
    await undo(on(second))
    expect(filesOf(second)['options.txt']).toBe('fov:4')
    chmodSync(join(second.folder, 'options.txt'), 0o600)
    await restore({ ...on(second), state: 'latest' })
    expect(filesOf(second)['options.txt']).toBe('fov:5')
  })
})
