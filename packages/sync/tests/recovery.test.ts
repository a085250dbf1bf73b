/** A pull that was cut off, and a player who goes on with the folder before the next command. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pull, push, status } from '../src/index.ts'
import { Fate } from './faults.ts'
import {
  type Files,
  type Machine,
  MemoryCloud,
  historyContents,
  temporaryFolder,
  writeFiles,
} from './machine.ts'
import { filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const before: Files = {
  'config/a/b': 'old b',
  'options.txt': 'old',
  'saves/World/level.dat': 'old',
}
const after: Files = {
  'config/a': 'a is a file',
  'options.txt': 'new',
  'saves/World/new.dat': 'new',
}

/** What a player does meanwhile; each stands in the way of finishing the pull or of taking it back. */
const deeds: readonly { readonly name: string; readonly run: (folder: string) => void }[] = [
  {
    name: 'puts a file where a folder was',
    run: (folder) => {
      rmSync(join(folder, 'config'), { recursive: true, force: true })
      writeFileSync(join(folder, 'config'), 'of the player')
    },
  },
  {
    name: 'puts a folder where a file was',
    run: (folder) => {
      rmSync(join(folder, 'options.txt'), { force: true })
      mkdirSync(join(folder, 'options.txt'))
      writeFileSync(join(folder, 'options.txt/mine'), 'of the player')
    },
  },
  {
    name: 'deletes everything',
    run: (folder) => {
      for (const name of ['config', 'options.txt', 'saves']) {
        rmSync(join(folder, name), { recursive: true, force: true })
      }
    },
  },
  {
    name: 'does all of it',
    run: (folder) => {
      for (const deed of deeds.slice(0, 3).toReversed()) deed.run(folder)
    },
  },
]

async function scene(root: string): Promise<[Machine, Machine, MemoryCloud]> {
  const { a, b, cloud } = await twoMachines(root, before)
  rmSync(join(a.folder, 'config'), { recursive: true })
  rmSync(join(a.folder, 'saves/World/level.dat'))
  writeFiles(a.folder, after)
  await push(on(a))
  return [a, b, cloud]
}

/** What a pull does once it has begun to change the folder. */
const isMove = /^rename (?:config|options|saves|\.cloud-sync\/(?:staging|trash))/

describe('after a pull that was cut off, a player', { timeout: 300_000 }, () => {
  it.each(deeds)('who $name is not locked out, and loses nothing', async ({ run }) => {
    const whole = new Fate()
    {
      using temporary = temporaryFolder()
      const [, b] = await scene(temporary.path)
      await pull(on(b, whole))
    }
    const points = whole.calls.flatMap((call, at) => (isMove.test(call) ? [at + 1] : []))
    expect(points.length).toBeGreaterThan(5)
    for (const last of points) {
      using temporary = temporaryFolder()
      const [, b, cloud] = await scene(temporary.path)
      const fate = new Fate(last)
      await expect(pull(on(b, fate))).rejects.toSatisfy(() => fate.isDead)
      rmSync(join(b.folder, '.cloud-sync/lock'), { force: true })
      run(b.folder)
      const present = Object.values(filesOf(b))
      await status(on(b))
      const contents = new Set([
        ...Object.values(filesOf(b)),
        ...(await historyContents(cloud.open())),
      ])
      for (const content of present) expect(contents, fate.last).toContain(content)
      expect(Object.values(filesOf(b)), fate.last).toEqual(
        expect.arrayContaining(present.filter((content) => content === 'of the player')),
      )
      // Either the player's change is one to push now, or the pull comes again.
      await pull({ ...on(b), onConflict: 'keep-there', allowEmpty: true })
      await push({ ...on(b), allowEmpty: true })
      expect(await status(on(b)), fate.last).toMatchObject({ verdict: 'equal' })
    }
  })

  it('whose journal is damaged is told how to go on, and gets what the pull brought', async () => {
    const whole = new Fate()
    {
      using temporary = temporaryFolder()
      const [, b] = await scene(temporary.path)
      await pull(on(b, whole))
    }
    const points = whole.calls.flatMap((call, at) => (isMove.test(call) ? [at + 1] : []))
    for (const last of points) {
      using temporary = temporaryFolder()
      const [, b] = await scene(temporary.path)
      const fate = new Fate(last)
      await expect(pull(on(b, fate))).rejects.toSatisfy(() => fate.isDead)
      rmSync(join(b.folder, '.cloud-sync/lock'), { force: true })
      const journal = join(b.folder, '.cloud-sync/staging/journal.json')
      if (!existsSync(journal)) continue
      writeFileSync(journal, '{')
      const hint = expect.stringContaining('Move it away and pull again') as string
      await expect(pull(on(b))).rejects.toMatchObject({ code: 'SETTINGS', hint })
      rmSync(journal)
      // What is half done may look as a change made here; what was replaced is stored aside then.
      await pull({ ...on(b), onConflict: 'keep-there', allowEmpty: true })
      expect(filesOf(b), fate.last).toEqual(after)
    }
  })
})
