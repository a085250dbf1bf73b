import type { Cancellable } from '../../base/cancel.ts'
import type { BlobReader } from '../../repository/api.ts'
import { type WalkStep, type WalkedTree, walkTrees } from '../shared/tree-walk.ts'
import type { RestorePlan } from './plan.ts'

/** The decision about `tree.nodes[index]` has the number `firstEntry + index`. */
type DecidedStep = WalkStep & { readonly firstEntry: number }

/** Goes the way the planner went, so that the decisions come in the same order. */
export async function* walkDecided(
  reader: Pick<BlobReader, 'readTree'>,
  plan: RestorePlan,
  { signal }: Cancellable,
): AsyncGenerator<DecidedStep, void> {
  const firstEntries = new Map<WalkedTree, number>()
  const firstEntryOf = (tree: WalkedTree): number => firstEntries.get(tree) as number
  let count = 0
  const descend = (tree: WalkedTree, index: number): boolean => {
    const entry = firstEntryOf(tree) + index
    return plan.decisions.at(entry) !== 'omit' && !plan.closed.has(entry)
  }
  for await (const step of walkTrees(reader, plan.root, { signal, descend })) {
    const { type, tree } = step
    if (type === 'enter') {
      firstEntries.set(tree, count)
      count += tree.nodes.length
    }
    yield { ...step, firstEntry: firstEntryOf(tree) }
    if (type === 'leave') firstEntries.delete(tree)
  }
}
