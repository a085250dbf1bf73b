import type { Cancellable } from '../../base/cancel.ts'
import type { BlobReader } from '../../repository/api.ts'
import { childPath } from '../shared/item-path.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import { walkDecided } from './decided-trees.ts'
import type { Decision } from './decisions.ts'
import type { ItemAction, RestoreEvent } from './events.ts'
import type { RestorePlan } from './plan.ts'

export type PlannedItem = Omit<Extract<RestoreEvent, { readonly type: 'item' }>, 'type'>

/** What a restore by this plan would tell of each entry, were it done; for a dry run. */
export async function* plannedItems(
  from: Pick<BlobReader, 'readTree'>,
  plan: RestorePlan,
  target: Removed,
  options: Cancellable = {},
): AsyncGenerator<PlannedItem, void> {
  for await (const { type, tree, firstEntry } of walkDecided(from, plan, options)) {
    if (type === 'leave') continue
    for (const [index, node] of tree.nodes.entries()) {
      const action = actionOf(plan.decisions.at(firstEntry + index), node.type === 'dir')
      if (action === undefined) continue
      yield { action, path: childPath(tree.path, node.name), size: node.size ?? 0 }
    }
  }
  for (const path of plannedRemovals(plan, target)) yield { action: 'deleted', path, size: 0 }
}

type Removed = Pick<TargetTree, 'entry' | 'list'>

/** All that a restore by this plan would remove, what is in a directory before the directory. */
function* plannedRemovals(
  { removals }: Pick<RestorePlan, 'removals'>,
  target: Removed,
): Generator<string, void> {
  for (const path of removals) yield* removedAt(path, target)
}

function* removedAt(path: string, target: Removed): Generator<string, void> {
  if (target.entry(path)?.type === 'dir') {
    for (const name of target.list(path)) yield* removedAt(childPath(path, name), target)
  }
  yield path
}

function actionOf(decision: Decision, isDirectory: boolean): ItemAction | undefined {
  switch (decision) {
    case 'omit':
      return undefined
    case 'leave':
      return 'unchanged'
    case 'keep':
      return isDirectory ? 'restored' : 'unchanged'
    case 'update':
    case 'renew':
      return 'updated'
    case 'create':
    case 'replace':
    case 'link':
      return 'restored'
  }
}
