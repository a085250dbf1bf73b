import { type IndexedRepository, type TreeId, walkTrees } from 'restic-core'

/** What is there while the lock is still waited for. */
export interface EarlySession {
  readonly repository: IndexedRepository
  readonly signal: AbortSignal
}

/** Nodes that are read before they are asked for; the repository keeps as many at hand. */
const nodesMax = 30_000

/** Reads the trees below `root`, as far as the repository keeps them at hand. */
export async function readTreesAhead(
  { repository, signal }: EarlySession,
  root: TreeId,
): Promise<void> {
  let nodes = 0
  for await (const step of walkTrees(repository, root, { signal })) {
    if (step.type === 'enter') nodes += step.tree.nodes.length
    if (nodes > nodesMax) return
  }
}
