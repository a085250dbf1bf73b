import { tinyFiles } from '../data/plain-files.ts'
import type { Question } from '../question.ts'
import { firstBackupCase } from '../stage/backup-cases.ts'
import { decadesUpTo } from '../stage/decades.ts'

export const question: Question = {
  title: 'First backup of tiny files, 1,000 to 1,000,000 of them',
  unit: 'files',
  size: 1_000_000,
  chart: 'growth',
  async *cases(stage) {
    for (const at of decadesUpTo(stage.size, 1000)) {
      for await (const each of firstBackupCase(stage, tinyFiles({ files: at }), {})) {
        yield { ...each, name: `${at} files`, at }
      }
    }
  },
}
