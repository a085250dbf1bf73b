import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import * as z from 'zod'
import { parseFlags, switchFlag } from '../../restic-ts/flags.ts'
import { Failure } from '../../shared/failure.ts'
import type { CommandContext, LoadedCommand } from '../command.ts'
import {
  type FolderContents,
  differences,
  folderContents,
  totalSize,
} from '../demo/folder-contents.ts'
import { regionFile, writeInto, writeSampleInstance } from '../demo/sample-instance.ts'
import { type Machine, Stage } from '../demo/stage.ts'
import { countText, durationText, sizeText } from '../render/amounts.ts'

const account = 'player'
/** Of a repository that holds nothing but the sample. */
const password = 'correct-horse-battery-staple'
const token = `${account}:${password}\n`
/** The pack installer and the game make these anew; they are not synced. */
const notSynced = ['mods', 'logs', '.cloud-sync']

/** Plays a launcher with a sample instance, two machines and a repository in a local folder. */
export const demo: LoadedCommand = {
  declare: (command) => {
    command.option('--keep', 'leave the folders there, to look around')
  },

  async execute(given, context) {
    const { keep } = parseFlags(z.object({ keep: switchFlag }), given)
    const root = await mkdtemp(join(tmpdir(), 'instance-sync-demo-'))
    try {
      await perform(root, context)
      await ending(root, keep, context)
      return 0
    } finally {
      if (!keep) await rm(root, { recursive: true, force: true })
    }
  },
}

async function perform(root: string, context: CommandContext): Promise<void> {
  const { screen } = context
  const startMs = performance.now()
  const cloud = join(root, 'cloud')
  const laptop: Machine = { name: 'laptop', folder: join(root, 'laptop') }
  const desktop: Machine = { name: 'desktop', folder: join(root, 'desktop') }
  const stage = new Stage(context)
  screen.print('A game instance, kept equal on two machines. Each step below really happens;')
  screen.print(`the cloud is a repository in a local folder: ${cloud}`)

  const played = await makeInstance(stage, laptop)
  await push(stage, laptop, cloud)
  await wipeAndPull(stage, laptop, played)
  await playOn(stage, laptop, cloud)
  await joinFrom(stage, desktop, laptop, cloud)
  await playOnBoth(stage, laptop, desktop)
  stage.step('Everything that ever was is in the history.')
  await stage.play(desktop, ['history'])
  screen.print(`\nDone in ${durationText(performance.now() - startMs)}: every check passed.`)
}

async function makeInstance(stage: Stage, laptop: Machine): Promise<FolderContents> {
  stage.step(
    'An instance, as a launcher keeps it: two worlds, options, configs, screenshots, mods.',
  )
  await writeSampleInstance(laptop.folder)
  const contents = await folderContents(laptop.folder, notSynced)
  stage.say(laptop.folder)
  stage.say(`${countText(contents.size, 'file')} to sync, ${sizeText(totalSize(contents))}.`)
  stage.say('Mods and logs are not synced: the pack brings the ones, the game writes the others.')
  return contents
}

async function push(stage: Stage, laptop: Machine, cloud: string): Promise<void> {
  stage.step('Opt in, once for each machine; then push, which a launcher does after the game.')
  await stage.play(laptop, ['init', `--url=${cloud}`], { input: token })
  await stage.play(laptop, ['push'])
  await stage.play(laptop, ['push'])
}

async function wipeAndPull(stage: Stage, laptop: Machine, before: FolderContents): Promise<void> {
  stage.step('The disk is lost. Only the opt-in is set up again: .cloud-sync/sync.json and token.')
  await wipe(laptop.folder)
  const left = await folderContents(laptop.folder, notSynced)
  stage.say(`${countText(left.size, 'file')} left. A launcher pulls before the game:`)
  await stage.play(laptop, ['pull'])
  verify(stage, before, await folderContents(laptop.folder, notSynced))
}

async function wipe(folder: string): Promise<void> {
  const kept = ['sync.json', 'token']
  for (const name of await readdir(join(folder, '.cloud-sync'))) {
    if (!kept.includes(name)) await rm(join(folder, '.cloud-sync', name), { recursive: true })
  }
  for (const name of await readdir(folder)) {
    if (name !== '.cloud-sync') await rm(join(folder, name), { recursive: true })
  }
}

function verify(stage: Stage, expected: FolderContents, found: FolderContents): void {
  const [first, ...more] = differences(expected, found)
  if (first !== undefined) {
    throw new Failure(`${first} differs from what was pushed, and ${more.length} other files`)
  }
  stage.say(`Verified: ${countText(found.size, 'file')}, equal byte for byte (SHA-256 of each).`)
}

async function playOn(stage: Stage, laptop: Machine, cloud: string): Promise<void> {
  stage.step('Play on, and push: only what is new is stored.')
  const before = totalSize(await folderContents(cloud))
  await writeInto(laptop.folder, 'saves/Home/region/r.0.0.mca', regionFile(7_777))
  await writeInto(laptop.folder, 'saves/Home/level.dat', 'a later day in the world')
  await writeInto(laptop.folder, 'options.txt', 'renderDistance:16\nfov:0.25\nlang:en_us\n')
  await stage.play(laptop, ['push'])
  const grown = totalSize(await folderContents(cloud)) - before
  stage.say(`The repository grew by ${sizeText(grown)}.`)
}

async function joinFrom(
  stage: Stage,
  desktop: Machine,
  laptop: Machine,
  cloud: string,
): Promise<void> {
  stage.step('A second machine joins, with an empty folder.')
  await mkdir(desktop.folder)
  const id = await instanceId(laptop.folder)
  await stage.play(desktop, ['init', `--url=${cloud}`, `--instance-id=${id}`], { input: token })
  const expected = await folderContents(laptop.folder, notSynced)
  verify(stage, expected, await folderContents(desktop.folder, notSynced))
}

const settingsJson = z.looseObject({ instance_id: z.string() })

async function instanceId(folder: string): Promise<string> {
  const text = await readFile(join(folder, '.cloud-sync', 'sync.json'), 'utf8')
  return settingsJson.parse(JSON.parse(text)).instance_id
}

async function playOnBoth(stage: Stage, laptop: Machine, desktop: Machine): Promise<void> {
  stage.step('Both play the same world, one of them offline. Nothing is overwritten.')
  await writeInto(laptop.folder, 'saves/Home/level.dat', 'the laptop built a castle')
  await stage.play(laptop, ['push'])
  await writeInto(desktop.folder, 'saves/Home/level.dat', 'the desktop dug a mine')
  const mine = await folderContents(join(desktop.folder, 'saves/Home'))
  await stage.play(desktop, ['pull'], { expected: 20 })
  stage.say('On a terminal you are asked. Here the answer is given beforehand:')
  await stage.play(desktop, ['pull', '--on-conflict=keep-both'])
  const castle = await readFile(join(desktop.folder, 'saves/Home/level.dat'), 'utf8')
  const worlds = await readdir(join(desktop.folder, 'saves'))
  const beside = worlds.find((name) => name.startsWith('Home (from')) ?? ''
  if (castle !== 'the laptop built a castle') throw new Failure("the laptop's world is not here")
  verify(stage, mine, await folderContents(join(desktop.folder, 'saves', beside)))
}

async function ending(
  root: string,
  keep: boolean,
  { screen, program }: CommandContext,
): Promise<void> {
  const command = `node ${relative(process.cwd(), program)}`
  if (keep) {
    const repository = join(root, 'cloud', account, await instanceId(join(root, 'laptop')))
    screen.print(`Everything is left in ${root}.`)
    screen.print('The repository is an ordinary one, which plain restic reads:')
    screen.print(`  RESTIC_PASSWORD=${password} restic -r ${repository} snapshots`)
  } else {
    screen.print('The folders are removed again. To try next:')
    screen.print(`  ${command} demo --keep   leaves them, to look around`)
  }
  screen.print(`  ${command} setup         in the folder of an instance of your own`)
}
