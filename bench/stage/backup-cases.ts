import type { DataSet } from '../data/data-set.ts'
import type { Case, Targets } from '../measuring/contest.ts'
import { Repositories, expectSameContent } from './repositories.ts'
import { firstBackup, restore, writtenByRestic } from './sides.ts'
import type { Stage } from './stage.ts'

/** The first backup of a data set, on both sides into an empty repository on the same server. */
export async function* firstBackupCase(
  stage: Stage,
  set: DataSet,
  targets: Targets,
): AsyncGenerator<Case> {
  const folder = await stage.data(set)
  await using repositories = await Repositories.start(stage)
  const ours = await firstBackup(repositories, stage.ours, folder)
  const restic = await firstBackup(repositories, stage.restic, folder)
  const verify = () => expectSameContent(stage, ours.repository(), restic.repository())
  yield { name: '', targets, ours, restic, verify }
}

/** Both sides restore the same snapshot, which restic wrote. */
export async function* restoreCase(
  stage: Stage,
  set: DataSet,
  targets: Targets,
): AsyncGenerator<Case> {
  const folder = await stage.data(set)
  await using repositories = await Repositories.start(stage)
  const repository = await writtenByRestic(stage, repositories, folder)
  const ours = restore(stage, stage.ours, repository, folder)
  const restic = restore(stage, stage.restic, repository, folder)
  yield { name: '', targets, ours, restic }
}
