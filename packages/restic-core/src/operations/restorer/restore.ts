import { type Cancellable, type Observed, untilAborted } from '../../base/cancel.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { rootPath } from '../shared/item-path.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import { Turns } from '../shared/turns.ts'
import { restoreContents } from './contents.ts'
import type { ItemErrors, RestoreEvent, RestoreSummary } from './events.ts'
import { finishEntries } from './finish.ts'
import type { RestorePlan } from './plan.ts'
import { RestoreProgress } from './progress.ts'
import { verifyFiles } from './verify.ts'

export interface RestoreOptions extends Cancellable, Observed<RestoreEvent>, ItemErrors {
  /** Read the files that were written again, and compare them with the snapshot. */
  readonly verify?: boolean | undefined
  /**
   * The target is left as it is before this resolves, so that packs may be fetched while the lock is
   * waited for. When it rejects, so does the restore.
   */
  readonly mayWrite?: Promise<void> | undefined
}

/**
 * Does what the plan says: directories, then the content of files pack by pack, then everything
 * else and the metadata, directories last.
 *
 * @throws TargetError when the root cannot be made, whatever `onError` says of other entries
 * @param target the one the plan was made for
 */
export async function restore(
  from: IndexedRepository,
  plan: RestorePlan,
  target: TargetTree,
  options: RestoreOptions = {},
): Promise<RestoreSummary> {
  const { signal } = options
  signal?.throwIfAborted()
  const progress = new RestoreProgress(plan, options)
  progress.begin()
  await restoreContents(from, plan, target, progress, {
    signal,
    async prepare(stoppable) {
      if (options.mayWrite) await untilAborted(options.mayWrite, stoppable.signal)
      await makeDirectories(plan, target, progress, stoppable)
    },
  })
  // Before permissions are set: some files may not be read any more after that.
  const verified = options.verify ? await verifyFiles(from, plan, target, progress, options) : 0
  await removeUnwanted(plan, target, progress, options)
  await finishEntries(from, plan, target, progress, options)
  return progress.summary(verified)
}

async function makeDirectories(
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  options: Cancellable,
): Promise<void> {
  const turns = new Turns(options)
  for (const path of plan.directories) {
    // Without the root nothing can be restored, and each entry would only say so again.
    if (path === rootPath) target.makeDirectory(path)
    else progress.attempt(path, () => target.makeDirectory(path))
    await turns.pause()
  }
}

async function removeUnwanted(
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  options: Cancellable,
): Promise<void> {
  const turns = new Turns(options)
  for (const path of plan.removals) {
    progress.attempt(path, () => target.removeAll(path, (removed) => progress.deleted(removed)))
    await turns.pause()
  }
}
