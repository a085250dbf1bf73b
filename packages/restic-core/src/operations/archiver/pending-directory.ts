import type { Node, WrittenNode } from '../../format/node.ts'

/** A node of the directory, or what is written of one. */
export type PendingNode = Node | WrittenNode

/**
 * A directory whose tree is not stored yet. Its nodes stand in the order of their names; those that
 * wait for content or a subtree are filled in later, in any order.
 */
export class PendingDirectory {
  readonly #nodes: (PendingNode | undefined)[] = []
  readonly #onComplete: (nodes: readonly PendingNode[]) => void
  /** the walk itself, and each place that waits */
  #open = 1

  /** @param onComplete called once, when the walk has closed it and no place waits any more */
  constructor(onComplete: (nodes: readonly PendingNode[]) => void) {
    this.#onComplete = onComplete
  }

  add(node: PendingNode): void {
    this.#nodes.push(node)
  }

  /** Keeps a place for a node that comes later; undefined when it is left out after all. */
  reserve(): (node: PendingNode | undefined) => void {
    const place = this.#nodes.push(undefined) - 1
    this.#open++
    return (node) => {
      this.#nodes[place] = node
      this.#release()
    }
  }

  /** No more entries will be added. */
  close(): void {
    this.#release()
  }

  #release(): void {
    this.#open--
    if (this.#open > 0) return
    this.#onComplete(this.#nodes.filter((node) => node !== undefined))
  }
}
