import { gameInstance } from '../data/game-instance.ts'
import type { Question } from '../question.ts'
import { Repositories, expectSameContent } from '../stage/repositories.ts'
import { firstBackup } from '../stage/sides.ts'
import { startSlowLink } from '../stage/slow-link.ts'

export const question: Question = {
  title: 'First backup over 40 ms and 100 Mbit/s, 256 MiB game instance of 3,000 files',
  unit: 'bytes',
  size: 256 * 2 ** 20,
  chart: 'bars',
  async *cases(stage) {
    const folder = await stage.data(gameInstance({ bytes: stage.size, files: 3000 }))
    await using repositories = await Repositories.start(stage)
    await using link = await startSlowLink(repositories.server.url, {
      roundTripMs: 40,
      megabits: 100,
    })
    repositories.reachThrough(link.url)
    const ours = await firstBackup(repositories, stage.ours, folder)
    const restic = await firstBackup(repositories, stage.restic, folder)
    const verify = () => expectSameContent(stage, ours.repository(), restic.repository())
    yield { name: '', targets: { wall: 1 }, ours, restic, verify }
  },
}
