import { smallFiles } from '../data/plain-files.ts'
import type { Question } from '../question.ts'
import { Repositories, expectSameContent } from '../stage/repositories.ts'
import { nextBackup } from '../stage/sides.ts'

const bytesPerFile = 10_000

export const question: Question = {
  title: 'Backup with nothing changed, 20,000 small text files',
  unit: 'files',
  size: 20_000,
  chart: 'bars',
  async *cases(stage) {
    const folder = await stage.data(
      smallFiles({ bytes: stage.size * bytesPerFile, files: stage.size }),
    )
    await using repositories = await Repositories.start(stage)
    const ours = await nextBackup(repositories, stage.ours, folder)
    const restic = await nextBackup(repositories, stage.restic, folder)
    const verify = () => expectSameContent(stage, ours.repository(), restic.repository())
    yield { name: '', targets: { wall: 0.5, cpu: 0.7 }, ours, restic, verify }
  },
}
