import { type BlobReader, type Cancellable, type Node, type TreeId, walkTree } from 'restic-core'
import { compareNames, parseTime } from 'restic-core/format'

export interface ListedNode {
  readonly path: string
  readonly node: Node
  /** A directory above those that were asked for. */
  readonly isAbove: boolean
}

/** Which entries are listed: those in `folders`, deeper ones only when `recursive`; all without folders. */
interface ListWish {
  readonly folders: readonly string[]
  readonly recursive: boolean
}

/** The entries of a snapshot in the order of their names, a directory before its entries. */
export async function* listNodes(
  reader: Pick<BlobReader, 'readTree'>,
  root: TreeId,
  { folders, recursive }: ListWish,
  options: Cancellable,
): AsyncGenerator<ListedNode, void> {
  const everything = folders.length === 0
  const isWithin = (path: string): boolean =>
    everything || folders.some((folder) => isBelow(path, folder))
  const isAbove = (path: string): boolean => folders.some((folder) => isBelow(folder, path))
  const descend = (path: string): boolean =>
    (isWithin(path) && (recursive || everything)) || isAbove(path)
  const entries = walkTree(reader, root, {
    ...options,
    descend: ({ path, nodes }, index) =>
      descend(`${path === '/' ? '' : path}/${nodes[index]?.name ?? ''}`),
  })
  for await (const { path, node } of entries) {
    if (isWithin(path)) yield { path, node, isAbove: false }
    else if (isAbove(path)) yield { path, node, isAbove: true }
  }
}

function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}

export const sortModes = ['name', 'size', 'time', 'mtime', 'atime', 'ctime', 'extension'] as const
type SortMode = (typeof sortModes)[number]

/** The order of a listing that is not in the order of names; of equal entries the paths decide. */
export function compareListed(mode: SortMode): (a: ListedNode, b: ListedNode) => number {
  const first = comparisons[mode]
  return (a, b) => first(a, b) || compareNames(a.path, b.path)
}

const comparisons: Readonly<Record<SortMode, (a: ListedNode, b: ListedNode) => number>> = {
  name: () => 0,
  size: (a, b) => (a.node.size ?? 0) - (b.node.size ?? 0),
  time: (a, b) => compareTimes(a.node.mtime, b.node.mtime),
  mtime: (a, b) => compareTimes(a.node.mtime, b.node.mtime),
  atime: (a, b) => compareTimes(a.node.atime, b.node.atime),
  ctime: (a, b) => compareTimes(a.node.ctime, b.node.ctime),
  extension: (a, b) => compareNames(extension(a.path), extension(b.path)),
}

function compareTimes(a: string, b: string): number {
  const difference = parseTime(a) - parseTime(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** From the last dot of the last name on, also when the name begins with it. */
function extension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot)
}
