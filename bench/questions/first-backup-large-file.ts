import { largeFile } from '../data/plain-files.ts'
import type { Question } from '../question.ts'
import { firstBackupCase } from '../stage/backup-cases.ts'

export const question: Question = {
  title: 'First backup, one 4 GiB file',
  unit: 'bytes',
  size: 4 * 2 ** 30,
  chart: 'bars',
  cases: (stage) =>
    firstBackupCase(stage, largeFile({ bytes: stage.size }), {
      wall: 0.75,
      cpu: 0.8,
      peak: 2,
      peakBytes: 350 * 2 ** 20,
    }),
}
