import type { TreeId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'

interface CachedTree {
  readonly nodes: readonly Node[]
  readonly weight: number
}

/** The trees used last. A walk meets the same ones again in the next snapshot. */
export class TreeCache {
  readonly #trees = new Map<TreeId, CachedTree>()
  readonly #weightMax: number
  #weight = 0

  /** @param weightMax bytes of tree JSON; the nodes take a few times as much memory */
  constructor(weightMax: number) {
    this.#weightMax = weightMax
  }

  get(id: TreeId): readonly Node[] | undefined {
    const tree = this.#trees.get(id)
    if (!tree) return undefined
    // A Map keeps the order of insertion: what was used goes to the end, what was not to the front.
    this.#trees.delete(id)
    this.#trees.set(id, tree)
    return tree.nodes
  }

  set(id: TreeId, nodes: readonly Node[], weight: number): void {
    if (weight > this.#weightMax || this.#trees.has(id)) return
    this.#trees.set(id, { nodes, weight })
    this.#weight += weight
    for (const [oldest, tree] of this.#trees) {
      if (this.#weight <= this.#weightMax) return
      this.#trees.delete(oldest)
      this.#weight -= tree.weight
    }
  }
}
