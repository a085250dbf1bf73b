import type { TargetTree } from '../shared/target-tree.ts'
import type { RestorePlan } from './plan.ts'

/**
 * Removes what stands where something else will be made. A directory must be empty, unless the
 * restore deletes what the snapshot does not have.
 */
export function clearPlace(plan: RestorePlan, target: TargetTree, path: string): void {
  const there = target.entry(path)
  if (there === undefined) return
  if (there.type === 'dir' && plan.removesDirectories) target.removeAll(path, () => {})
  else target.remove(path)
}
