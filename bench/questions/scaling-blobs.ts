import type { Question } from '../question.ts'
import { openCase, repositoryOfBlobs } from '../stage/open-case.ts'
import { Repositories } from '../stage/repositories.ts'
import { decadesUpTo } from '../stage/decades.ts'

export const question: Question = {
  title: 'Open a repository with a cold cache, 10,000 to 1,000,000 blobs',
  unit: 'blobs',
  size: 1_000_000,
  chart: 'growth',
  async *cases(stage) {
    await using repositories = await Repositories.start(stage)
    for (const at of decadesUpTo(stage.size, 10_000)) {
      const repository = await repositoryOfBlobs(stage, repositories, at)
      yield { name: `${at} blobs`, at, ...openCase(stage, repository, 'cold') }
      await repositories.remove(repository)
    }
  },
}
