import { gameInstance } from '../data/game-instance.ts'
import type { Question } from '../question.ts'
import { resticEnvironment, runUnmeasured } from '../stage/programs.ts'
import { Repositories } from '../stage/repositories.ts'
import { syncedFolder } from '../stage/synced-folder.ts'

/**
 * What a player waits for before each launch, beside the fastest question restic can be asked: both
 * are fresh processes with a warm cache and tell what the newest snapshot is.
 */
export const question: Question = {
  title: 'instance-sync pull with nothing new, and restic snapshots --latest 1',
  unit: 'bytes',
  size: 64 * 2 ** 20,
  chart: 'bars',
  hasControl: false,
  async *cases(stage) {
    const folder = await stage.data(gameInstance({ bytes: stage.size, files: 3000 }))
    await using repositories = await Repositories.start(stage)
    const synced = await syncedFolder(stage, repositories, folder)
    const args = ['snapshots', '--latest', '1']
    const snapshots = stage.restic.command(args, { env: resticEnvironment(synced.repository) })
    await runUnmeasured(synced.command('pull'))
    await runUnmeasured(snapshots)
    yield {
      name: '',
      targets: { wall: 0.25 },
      ours: {
        label: 'instance-sync pull',
        ready: () => Promise.resolve(synced.command('pull')),
      },
      restic: { label: 'restic snapshots --latest 1', ready: () => Promise.resolve(snapshots) },
    }
  },
}
