import type { Cancellable } from '../../base/cancel.ts'
import { CorruptDataError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { BlobReader } from '../../repository/api.ts'
import { childPath, rootPath } from './item-path.ts'

/** One directory of a walk, with all its entries. */
export interface WalkedTree {
  /** `/` for the root */
  readonly path: string
  readonly nodes: readonly Node[]
  /** where the directory stands in the one above; the root has none */
  readonly parent: { readonly tree: WalkedTree; readonly index: number } | undefined
}

/** Between `enter` and `leave` of a tree come the steps of its subtrees, in order. */
export type WalkStep =
  | { readonly type: 'enter'; readonly tree: WalkedTree }
  | { readonly type: 'leave'; readonly tree: WalkedTree }

export interface WalkTreesOptions extends Cancellable {
  /** Whether to go into the directory `tree.nodes[index]`. Asked after the step `enter` of `tree`. */
  readonly descend?: ((tree: WalkedTree, index: number) => boolean) | undefined
  /** Takes what is wrong with a subtree, which is then left out. Without it the walk rejects. */
  readonly onUnreadable?: ((tree: WalkedTree, index: number, error: Error) => void) | undefined
}

/** How many subtrees of one directory are read ahead, at each depth. */
const readAhead = 4

/**
 * Every directory below `root`, one at a time: what is yielded is dealt with before the walk goes on.
 * The root itself must be readable.
 */
export async function* walkTrees(
  reader: Pick<BlobReader, 'readTree'>,
  root: TreeId,
  { signal, descend = () => true, onUnreadable }: WalkTreesOptions = {},
): AsyncGenerator<WalkStep, void> {
  const stop = new AbortController()
  const reads: Cancellable = {
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
  }
  const levels: Level[] = []
  const enter = (tree: WalkedTree): WalkStep => {
    levels.push(new Level(tree, reader, descend, reads))
    return { type: 'enter', tree }
  }
  try {
    const nodes = await reader.readTree(root, reads)
    yield enter({ path: rootPath, nodes, parent: undefined })
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      signal?.throwIfAborted()
      const { tree } = level
      const next = level.next()
      if (next === undefined) {
        levels.pop()
        yield { type: 'leave', tree }
        continue
      }
      const { index, node } = next
      let subtree: readonly Node[]
      try {
        subtree = await next.read
      } catch (error) {
        signal?.throwIfAborted()
        if (onUnreadable === undefined || !(error instanceof Error)) throw error
        onUnreadable(tree, index, error)
        continue
      }
      const path = childPath(tree.path, node.name)
      yield enter({ path, nodes: subtree, parent: { tree, index } })
    }
  } finally {
    stop.abort()
  }
}

/** Every entry below `root`, a directory before its entries. `/` itself is not told. */
export async function* walkTree(
  reader: Pick<BlobReader, 'readTree'>,
  root: TreeId,
  options: WalkTreesOptions = {},
): AsyncGenerator<{ readonly path: string; readonly node: Node }, void> {
  const told: { readonly tree: WalkedTree; count: number }[] = []
  function* tellUntil(end: number): Generator<{ readonly path: string; readonly node: Node }> {
    const top = told.at(-1)
    if (top === undefined) return
    const { tree, count } = top
    top.count = end
    for (const node of tree.nodes.slice(count, end)) {
      yield { path: childPath(tree.path, node.name), node }
    }
  }
  for await (const { type, tree } of walkTrees(reader, root, options)) {
    if (type === 'enter') {
      if (tree.parent) yield* tellUntil(tree.parent.index + 1)
      told.push({ tree, count: 0 })
    } else {
      yield* tellUntil(tree.nodes.length)
      told.pop()
    }
  }
}

interface NextTree {
  readonly index: number
  readonly node: Node
  readonly read: Promise<readonly Node[]>
}

/** The directory the walk is in, and the subtrees of it that are being read ahead. */
class Level {
  readonly tree: WalkedTree
  readonly #reader: Pick<BlobReader, 'readTree'>
  readonly #descend: (tree: WalkedTree, index: number) => boolean
  readonly #options: Cancellable
  readonly #ahead: NextTree[] = []
  #looked = 0

  constructor(
    tree: WalkedTree,
    reader: Pick<BlobReader, 'readTree'>,
    descend: (tree: WalkedTree, index: number) => boolean,
    options: Cancellable,
  ) {
    this.tree = tree
    this.#reader = reader
    this.#descend = descend
    this.#options = options
  }

  next(): NextTree | undefined {
    const { nodes, path } = this.tree
    for (; this.#ahead.length <= readAhead && this.#looked < nodes.length; this.#looked++) {
      const index = this.#looked
      const node = nodes[index] as Node
      if (node.type !== 'dir' || !this.#descend(this.tree, index)) continue
      const read = this.#read(node, childPath(path, node.name))
      // Whoever comes to this subtree gets the failure; nobody may come, if the walk ends before.
      read.catch(() => undefined)
      this.#ahead.push({ index, node, read })
    }
    return this.#ahead.shift()
  }

  async #read(node: Node, path: string): Promise<readonly Node[]> {
    if (node.subtree === undefined) throw new CorruptDataError(`directory ${path}`, 'value')
    return this.#reader.readTree(node.subtree, this.#options)
  }
}
