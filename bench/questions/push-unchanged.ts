import { gameInstance } from '../data/game-instance.ts'
import type { Question } from '../question.ts'
import { runUnmeasured } from '../stage/programs.ts'
import { Repositories, latestContent } from '../stage/repositories.ts'
import { nextBackup } from '../stage/sides.ts'
import { syncedFolder } from '../stage/synced-folder.ts'

export const question: Question = {
  title: 'instance-sync push with nothing changed, 3,000 files, and restic backup of the same',
  unit: 'files',
  size: 3000,
  chart: 'bars',
  hasControl: false,
  async *cases(stage) {
    const bytes = 64 * 2 ** 20
    const folder = await stage.data(gameInstance({ bytes, files: stage.size }))
    await using repositories = await Repositories.start(stage)
    const synced = await syncedFolder(stage, repositories, folder)
    const restic = await nextBackup(repositories, stage.restic, folder)
    await runUnmeasured(synced.command('push'))
    const contents = [
      await latestContent(stage, synced.repository),
      await latestContent(stage, restic.repository()),
    ]
    if (contents[0] !== contents[1]) throw new Error(`not the same work: ${contents.join('; ')}`)
    yield {
      name: '',
      targets: { wall: 0.35 },
      ours: {
        label: 'instance-sync push',
        ready: () => Promise.resolve(synced.command('push')),
      },
      restic: { ...restic, label: 'restic backup' },
    }
  },
}
