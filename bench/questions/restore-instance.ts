import { gameInstance } from '../data/game-instance.ts'
import type { Question } from '../question.ts'
import { restoreCase } from '../stage/backup-cases.ts'

export const question: Question = {
  title: 'Restore into an empty folder, 1 GiB game instance of 3,000 files',
  unit: 'bytes',
  size: 2 ** 30,
  chart: 'bars',
  cases: (stage) =>
    restoreCase(stage, gameInstance({ bytes: stage.size, files: 3000 }), {
      wall: 0.75,
      cpu: 0.8,
      peak: 2,
    }),
}
