import { gameInstance } from '../data/game-instance.ts'
import type { Side } from '../measuring/contest.ts'
import type { Question } from '../question.ts'
import { type Program, resticEnvironment } from '../stage/programs.ts'
import { Repositories, type StoredRepository, forgetCache } from '../stage/repositories.ts'
import { writtenByRestic } from '../stage/sides.ts'
import { warm } from '../stage/stage.ts'

export const question: Question = {
  title: 'check --read-data, 1 GiB game instance of 3,000 files',
  unit: 'bytes',
  size: 2 ** 30,
  chart: 'bars',
  async *cases(stage) {
    const folder = await stage.data(gameInstance({ bytes: stage.size, files: 3000 }))
    await using repositories = await Repositories.start(stage)
    const repository = await writtenByRestic(stage, repositories, folder)
    yield {
      name: '',
      targets: { wall: 0.8, cpu: 0.8 },
      ours: check(stage.ours, repository),
      restic: check(stage.restic, repository),
    }
  },
}

function check(program: Program, repository: StoredRepository): Side {
  const own = { ...repository, cacheDir: `${repository.cacheDir}-check` }
  return {
    label: program.label,
    async ready() {
      await forgetCache(own)
      await warm(repository.folder)
      return program.command(['check', '--read-data'], { env: resticEnvironment(own) })
    },
  }
}
