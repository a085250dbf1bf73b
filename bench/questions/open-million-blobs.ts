import type { Question } from '../question.ts'
import { openCase, repositoryOfBlobs } from '../stage/open-case.ts'
import { Repositories } from '../stage/repositories.ts'

export const question: Question = {
  title: 'Open a repository of 1,000,000 blobs',
  unit: 'blobs',
  size: 1_000_000,
  chart: 'bars',
  async *cases(stage) {
    await using repositories = await Repositories.start(stage)
    const repository = await repositoryOfBlobs(stage, repositories, stage.size)
    yield { name: 'cold cache', targets: { wall: 1 }, ...openCase(stage, repository, 'cold') }
    yield { name: 'warm cache', targets: { wall: 0.5 }, ...openCase(stage, repository, 'warm') }
  },
}
