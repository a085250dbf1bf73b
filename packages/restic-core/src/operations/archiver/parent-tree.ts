import type { Cancellable } from '../../base/cancel.ts'
import { type ResticError, isResticError } from '../../base/errors.ts'
import { type TreeId, shortId } from '../../base/id.ts'
import { compareNames } from '../../format/name.ts'
import type { BareNode, Node, WrittenNode } from '../../format/node.ts'
import { parseTree } from '../../format/tree.ts'
import { type SameNode, TreeText } from '../../format/tree-text.ts'
import type { BlobReader } from '../../repository/api.ts'

/** How many subtrees of a directory are read before they are asked for. */
const treesAhead = 4

/** A tree that the repository should have. */
export interface LostTree {
  readonly id: TreeId
  readonly error: ResticError
}

/**
 * A directory in the parent snapshot. Its subtrees are read while what is before them is compared.
 * Names must be asked for in ascending order. While they are all there and as they were, the tree
 * is compared as a text; from the first one on that is not, it is parsed.
 */
export class ParentTree {
  /** undefined when there is no such directory */
  readonly #id: TreeId | undefined
  readonly #from: BlobReader
  readonly #options: Cancellable
  readonly #bytes: Uint8Array
  readonly #text: TreeText
  #nodes: readonly Node[] | undefined
  /** the next node to be taken */
  #at = 0
  /** the next whose subtree will be read ahead, once the tree is parsed */
  #aheadAt = 0
  readonly #ahead = new Map<TreeId, Promise<ParentTree>>()
  #loss: LostTree | undefined

  private constructor(
    from: BlobReader,
    options: Cancellable,
    id: TreeId | undefined,
    read: Uint8Array | ResticError,
  ) {
    this.#id = id
    this.#from = from
    this.#options = options
    this.#bytes = read instanceof Uint8Array ? read : new Uint8Array()
    this.#text = new TreeText(this.#bytes)
    if (id === undefined || !(read instanceof Uint8Array)) this.#nodes = []
    if (id !== undefined && !(read instanceof Uint8Array)) this.#loss = { id, error: read }
  }

  /**
   * An empty one for no id, and when the repository has lost the tree: then everything below is read
   * again. What of it the index does not name is stored anew.
   */
  static async read(
    from: BlobReader,
    id: TreeId | undefined,
    options: Cancellable,
  ): Promise<ParentTree> {
    const read = id && (await from.readBlob('tree', id, options).catch(lossOf))
    return new ParentTree(from, options, id, read ?? new Uint8Array())
  }

  /** Why there is nothing in it; known for sure when every name has been asked for. */
  get loss(): LostTree | undefined {
    return this.#loss
  }

  /** Everything in it was asked for and is the same. */
  get isSame(): boolean {
    return this.#nodes === undefined && this.#text.isPassed
  }

  /** The node of this name, when it is `node` but for its content or subtree. */
  peek(node: BareNode): SameNode | undefined {
    this.#readAhead()
    return this.#nodes === undefined ? this.#text.peek(node) : undefined
  }

  /** Takes what `peek` returned. */
  pass(same: WrittenNode): void {
    this.#text.pass(same)
  }

  /** What `peek` returns, taken. */
  takeSame(node: BareNode): SameNode | undefined {
    const same = this.peek(node)
    if (same) this.pass(same)
    return same
  }

  /** The node of this name. */
  take(name: string): Node | undefined {
    const nodes = (this.#nodes ??= this.#parse())
    this.#readAhead()
    for (let node = nodes[this.#at]; node !== undefined; node = nodes[++this.#at]) {
      const order = compareNames(node.name, name)
      if (order === 0) return node
      if (order > 0) return undefined
      // Nobody will ask for what is passed over.
      if (node.subtree !== undefined) this.#ahead.delete(node.subtree)
    }
    return undefined
  }

  /** A directory of this one; an empty one for no id. */
  async subtree(id: TreeId | undefined): Promise<ParentTree> {
    const ahead = id && this.#ahead.get(id)
    if (id === undefined || ahead === undefined) {
      return ParentTree.read(this.#from, id, this.#options)
    }
    this.#ahead.delete(id)
    return ahead
  }

  #parse(): readonly Node[] {
    this.#at = this.#text.passed
    const id = this.#id as TreeId
    try {
      return parseTree(this.#bytes, `tree ${shortId(id)}`)
    } catch (cause) {
      this.#loss = { id, error: lossOf(cause) }
      return []
    }
  }

  #readAhead(): void {
    while (this.#ahead.size < treesAhead) {
      const id = this.#nextAhead()
      if (id === undefined) return
      if (this.#ahead.has(id)) continue
      const reading = ParentTree.read(this.#from, id, this.#options)
      // Whoever takes it hears of the failure; nobody may.
      reading.catch(() => undefined)
      this.#ahead.set(id, reading)
    }
  }

  #nextAhead(): TreeId | undefined {
    if (this.#nodes === undefined) return this.#text.nextSubtree()
    this.#aheadAt = Math.max(this.#aheadAt, this.#at)
    while (this.#aheadAt < this.#nodes.length) {
      const id = this.#nodes[this.#aheadAt++]?.subtree
      if (id !== undefined) return id
    }
    return undefined
  }
}

/** @throws what is no loss, such as a store that cannot be reached */
function lossOf(error: unknown): ResticError {
  if (isResticError(error, 'MISSING', 'CORRUPT')) return error
  throw error
}
