import { gameInstance } from '../data/game-instance.ts'
import type { Question } from '../question.ts'
import { firstBackupCase } from '../stage/backup-cases.ts'

export const question: Question = {
  title: 'First backup, 1 GiB game instance of 3,000 files',
  unit: 'bytes',
  size: 2 ** 30,
  chart: 'bars',
  cases: (stage) =>
    firstBackupCase(stage, gameInstance({ bytes: stage.size, files: 3000 }), {
      wall: 0.67,
      cpu: 0.75,
      peak: 2,
      peakBytes: 350 * 2 ** 20,
    }),
}
