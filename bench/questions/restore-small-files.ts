import { smallFiles } from '../data/plain-files.ts'
import type { Question } from '../question.ts'
import { restoreCase } from '../stage/backup-cases.ts'

const bytesPerFile = 10_000

export const question: Question = {
  title: 'Restore into an empty folder, 20,000 small text files of 200 MB',
  unit: 'files',
  size: 20_000,
  chart: 'bars',
  cases: (stage) =>
    restoreCase(stage, smallFiles({ bytes: stage.size * bytesPerFile, files: stage.size }), {
      wall: 0.9,
    }),
}
