import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { runRestic } from '../../../tools/servers.ts'
import { history, pull, push, restore, status, undo } from '../src/index.ts'
import { Fate } from './faults.ts'
import {
  type Files,
  type Machine,
  MemoryCloud,
  historyContents,
  readFiles,
  temporaryFolder,
  token,
  writeFiles,
} from './machine.ts'
import { type TwoMachines, twoMachines } from './two-machines.ts'

/** Two machines that share an instance, and a folder that all of it can be copied to and from. */
interface Scene extends TwoMachines {
  readonly root: string
}

const first: Files = {
  'saves/World/level.dat': 'level one',
  'saves/World/region/r.0.0.mca': 'region one',
  'saves/Old/level.dat': 'an old world',
  'options.txt': 'fov:70',
  'config/a.toml': 'a = 1',
}
const second: Files = {
  'saves/World/level.dat': 'level two',
  'saves/World/region/r.0.0.mca': 'region one',
  'saves/World/region/r.0.1.mca': 'region two',
  'options.txt': 'fov:90',
  'config/a.toml/now-a-folder': 'a = 2',
}

async function scene(root: string): Promise<Scene> {
  return { root, ...(await twoMachines(root, first)) }
}

function change(folder: string, files: Files): void {
  for (const path of Object.keys(readFiles(folder))) rmSync(join(folder, path), { recursive: true })
  for (const empty of ['saves', 'config'])
    rmSync(join(folder, empty), { recursive: true, force: true })
  writeFiles(folder, files)
}

/** The folder's files; an empty folder is the same as none here. */
function state(folder: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readFiles(folder)).filter(([path]) => !path.endsWith('/')),
  )
}

interface Story {
  readonly name: string
  /** brings the scene to where the command starts */
  readonly before: (scene: Scene) => Promise<unknown>
  readonly machine: 'a' | 'b'
  readonly run: (machine: Machine, fate: Fate) => Promise<unknown>
  /** what a person does afterwards, and what must be the end of it */
  readonly again: (machine: Machine) => Promise<unknown>
}

const options = (machine: Machine, fate?: Fate) => ({
  packFolder: machine.folder,
  platform: machine.platform(fate),
  lockWaitMs: 0,
})

async function bPushesSecond({ b }: Scene): Promise<void> {
  change(b.folder, second)
  await push(options(b))
}

const stories: readonly Story[] = [
  {
    name: 'a pull',
    before: bPushesSecond,
    machine: 'a',
    run: (machine, fate) => pull(options(machine, fate)),
    again: (machine) => pull(options(machine)),
  },
  {
    name: 'a push',
    before: ({ a }) => Promise.resolve(change(a.folder, second)),
    machine: 'a',
    run: (machine, fate) => push(options(machine, fate)),
    again: (machine) => push(options(machine)),
  },
  {
    name: 'a first push',
    before: ({ a, cloud }) => {
      cloud.reset(new Map())
      for (const name of ['state.json', 'cache']) {
        rmSync(join(a.folder, '.cloud-sync', name), { recursive: true })
      }
      return Promise.resolve()
    },
    machine: 'a',
    run: (machine, fate) => push(options(machine, fate)),
    again: (machine) => push(options(machine)),
  },
  {
    name: 'a restore',
    before: async (all) => {
      await bPushesSecond(all)
      await pull(options(all.a))
      writeFiles(all.a.folder, { 'options.txt': 'not pushed' })
    },
    machine: 'a',
    run: async (machine, fate) =>
      restore({ ...options(machine, fate), state: await oldestState(machine) }),
    again: async (machine) => restore({ ...options(machine), state: await oldestState(machine) }),
  },
  {
    name: 'an undo',
    before: async (all) => {
      await bPushesSecond(all)
      await pull(options(all.a))
    },
    machine: 'a',
    run: (machine, fate) => undo(options(machine, fate)),
    again: () => Promise.resolve(),
  },
  {
    name: 'a conflict settled as keep-there',
    before: async (all) => {
      await bPushesSecond(all)
      writeFiles(all.a.folder, { 'saves/World/level.dat': 'level of a' })
    },
    machine: 'a',
    run: (machine, fate) => pull({ ...options(machine, fate), onConflict: 'keep-there' }),
    again: (machine) => pull({ ...options(machine), onConflict: 'keep-there' }),
  },
  {
    name: 'a conflict settled as keep-here',
    before: async (all) => {
      await bPushesSecond(all)
      writeFiles(all.a.folder, { 'saves/World/level.dat': 'level of a' })
    },
    machine: 'a',
    run: (machine, fate) => pull({ ...options(machine, fate), onConflict: 'keep-here' }),
    again: (machine) => pull({ ...options(machine), onConflict: 'keep-here' }),
  },
]

async function oldestState(machine: Machine): Promise<string> {
  const report = await history({ ...options(machine), withChanges: false })
  const items = report.outcome === 'history' ? report.items : []
  return items.at(-1)?.snapshot ?? ''
}

/** A dead machine leaves its lock; its process is gone, so the next command takes over. */
function bury({ folder }: Machine): void {
  rmSync(join(folder, '.cloud-sync/lock'), { force: true })
}

describe('a machine that dies', { timeout: 300_000 }, () => {
  it.each(stories)('in $name leaves the folder wholly old or wholly new', async (story) => {
    using temporary = temporaryFolder()
    const played = await scene(join(temporary.path, 'scene'))
    await story.before(played)
    const machine = played[story.machine]
    const saved = { folder: join(temporary.path, 'saved'), cloud: played.cloud.files() }
    cpSync(machine.folder, saved.folder, { recursive: true, preserveTimestamps: true })
    const reset = (): void => {
      rmSync(machine.folder, { recursive: true, force: true })
      cpSync(saved.folder, machine.folder, { recursive: true, preserveTimestamps: true })
      played.cloud.reset(saved.cloud)
    }
    const states = [state(machine.folder)]
    const whole = new Fate()
    await story.run(machine, whole)
    states.push(state(machine.folder))
    expect(whole.calls.length).toBeGreaterThan(10)

    const points = pointsOf(whole)
    for (const [number, fate] of points.entries()) {
      reset()
      // A clean-up that fails may bring its own error; what counts is that the machine is dead.
      await story.run(machine, fate).catch((error: unknown) => {
        if (!fate.isDead) throw error
      })
      expect(fate.isDead, `point ${number + 1}`).toBe(true)
      bury(machine)
      const where = `${story.name}, last call ${fate.last}${fate.isTorn ? ', torn' : ''}`
      await expectWhole(played, machine, states, where)
      await story.again(machine)
      if (story.name !== 'an undo') expect(state(machine.folder), where).toEqual(states[1])
      if (number % 40 === 0) await expectClean(played.cloud)
    }
    await expectClean(played.cloud)
    console.log(`${story.name}: ${points.length} points`)
  })
})

/** Every call is once the last one; what writes a file also does half of it. */
function pointsOf(whole: Fate): Fate[] {
  return whole.calls.flatMap((call, at) => {
    const last = new Fate(at + 1)
    return call.startsWith('create ') ? [last, new Fate(at + 1, true)] : [last]
  })
}

async function expectWhole(
  { cloud }: Scene,
  machine: Machine,
  states: readonly Record<string, string>[],
  where: string,
): Promise<void> {
  await recover(machine)
  const found = state(machine.folder)
  expect(states, where).toContainEqual(found)
  expect(existsSync(join(machine.folder, '.cloud-sync/staging/journal.json')), where).toBe(false)
  const contents = await historyContents(cloud.open())
  for (const content of Object.values(states[0] ?? {})) {
    const isKept = contents.has(content) || Object.values(found).includes(content)
    expect(isKept, `${where}: ${content} is lost`).toBe(true)
  }
}

/** Any next command ends what was interrupted; this one does nothing else. */
async function recover(machine: Machine): Promise<void> {
  await status(options(machine))
}

async function expectClean(cloud: MemoryCloud): Promise<void> {
  using folder = temporaryFolder()
  cloud.writeTo(folder.path)
  const { restic018 } = await peers()
  const args = ['check', '--read-data', '--no-lock', '--no-cache']
  const { password } = token
  const { code, stdout, stderr } = await runRestic(restic018, args, { repo: folder.path, password })
  expect(code, `${stdout}${stderr}`).toBe(0)
}
