import type { Cancellable } from '../../base/cancel.ts'
import { isResticError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
import { compareNames } from '../../format/name.ts'
import { type Node, formatNode } from '../../format/node.ts'
import { parseTime } from '../../format/time.ts'
import type { BlobReader, StoredSnapshot } from '../../repository/api.ts'
import type { SourceEntry } from '../shared/source-tree.ts'

/** What the parent of a new snapshot must have in common with it. */
export interface ParentWish {
  /** RFC 3339; the parent is not younger */
  readonly time: string
  readonly hostname?: string | undefined
  /** absolute; all of them are among the parent's */
  readonly paths?: readonly string[] | undefined
  /** the parent has all of them */
  readonly tags?: readonly string[] | undefined
}

/** The newest snapshot that fits, of equal times the last one given; restic's choice. */
export function chooseParent(
  snapshots: Iterable<StoredSnapshot>,
  wish: ParentWish,
): StoredSnapshot | undefined {
  const latestNs = parseTime(wish.time)
  let best: { readonly snapshot: StoredSnapshot; readonly timeNs: bigint } | undefined
  for (const snapshot of snapshots) {
    if (!fits(snapshot, wish)) continue
    const timeNs = parseTime(snapshot.time)
    if (timeNs > latestNs) continue
    if (best === undefined || timeNs >= best.timeNs) best = { snapshot, timeNs }
  }
  return best?.snapshot
}

function fits(snapshot: StoredSnapshot, { hostname, paths = [], tags = [] }: ParentWish): boolean {
  return (
    (hostname === undefined || snapshot.hostname === hostname) &&
    paths.every((path) => snapshot.paths.includes(path)) &&
    tags.every((tag) => snapshot.tags.includes(tag))
  )
}

/** The nodes of a directory in the parent snapshot, asked for in the order of their names. */
export class ParentTree {
  readonly #nodes: readonly Node[]
  #at = 0

  constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
  }

  static readonly none: ParentTree = new ParentTree([])

  /** The node of this name. Names must be asked for in ascending order. */
  take(name: string): Node | undefined {
    for (let node = this.#nodes[this.#at]; node !== undefined; node = this.#nodes[++this.#at]) {
      const order = compareNames(node.name, name)
      if (order === 0) return node
      if (order > 0) return undefined
    }
    return undefined
  }
}

/**
 * The parent's tree, or an empty one when the repository has lost it: then everything below is
 * read again, which repairs the repository.
 */
export async function parentTree(
  from: BlobReader,
  id: TreeId | undefined,
  options: Cancellable,
): Promise<ParentTree> {
  if (id === undefined) return ParentTree.none
  try {
    return new ParentTree(await from.readTree(id, options))
  } catch (error) {
    if (isResticError(error, 'MISSING', 'CORRUPT')) return ParentTree.none
    throw error
  }
}

export interface ChangeRules {
  readonly ignoreCtime?: boolean | undefined
  readonly ignoreInode?: boolean | undefined
}

/** Whether a file's content need not be read: size, times and inode are those of the parent. */
export function isUnchanged(node: Node, entry: SourceEntry, rules: ChangeRules): boolean {
  if (node.type !== 'file' || entry.type !== 'file' || node.content === null) return false
  if ((node.size ?? 0) !== entry.size || !isInstant(node.mtime, entry.mtimeNs)) return false
  const ignoreInode = rules.ignoreInode === true
  if (!ignoreInode && rules.ignoreCtime !== true && !isInstant(node.ctime, entry.ctimeNs)) {
    return false
  }
  return ignoreInode || node.inode === entry.inode
}

function isInstant(text: string, ns: bigint): boolean {
  return parseTime(text) === ns
}

/** How an item differs from the parent's, for the counts of the summary. */
export function changeOf(previous: Node | undefined, node: Node): 'new' | 'changed' | 'unchanged' {
  if (previous === undefined) return 'new'
  return formatNode(previous) === formatNode(node) ? 'unchanged' : 'changed'
}
