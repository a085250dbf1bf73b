import { gameInstance } from '../data/game-instance.ts'
import { playSession } from '../data/game-session.ts'
import type { Question } from '../question.ts'
import { resticEnvironment, runUnmeasured } from '../stage/programs.ts'
import { Repositories, expectSameContent } from '../stage/repositories.ts'
import { syncedFolder } from '../stage/synced-folder.ts'

export const question: Question = {
  title: 'instance-sync push after a game, 3,000 files of 1 GiB, and restic backup of the same',
  unit: 'bytes',
  size: 2 ** 30,
  chart: 'bars',
  hasControl: false,
  async *cases(stage) {
    const folder = await stage.data(gameInstance({ bytes: stage.size, files: 3000 }))
    await using repositories = await Repositories.start(stage)
    const synced = await syncedFolder(stage, repositories, folder)
    const repository = await repositories.fresh('restic')
    const backup = stage.restic.command(['backup', '.', '--exclude=.cloud-sync'], {
      cwd: synced.packFolder,
      env: resticEnvironment(repository),
    })
    await runUnmeasured(backup)
    let sessions = 0
    // Each stores what was changed before it and before the other.
    const afterGame = <T>(command: T) => {
      playSession(synced.packFolder, sessions++)
      return Promise.resolve(command)
    }
    yield {
      name: '',
      ours: { label: 'instance-sync push', ready: () => afterGame(synced.command('push')) },
      restic: { label: 'restic backup', ready: () => afterGame(backup) },
      async verify() {
        await runUnmeasured(synced.command('push'))
        await expectSameContent(stage, synced.repository, repository)
      },
    }
  },
}
