import { smallFiles } from '../data/plain-files.ts'
import type { Question } from '../question.ts'
import { firstBackupCase } from '../stage/backup-cases.ts'

const bytesPerFile = 10_000

export const question: Question = {
  title: 'First backup, 20,000 small text files of 200 MB',
  unit: 'files',
  size: 20_000,
  chart: 'bars',
  cases: (stage) =>
    firstBackupCase(stage, smallFiles({ bytes: stage.size * bytesPerFile, files: stage.size }), {
      wall: 0.8,
      cpu: 1,
      peak: 2,
      peakBytes: 350 * 2 ** 20,
    }),
}
