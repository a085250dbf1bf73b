import { type BlobWriter, type Node, type TreeId, directoryNode } from 'restic-core'
import { compareNames, formatTree } from 'restic-core/format'

interface Folder {
  readonly leaves: Map<string, Node>
  readonly folders: Map<string, Folder>
}

export interface TreeInput {
  /** everything but folders, by path; the last name of the path counts, not the node's */
  readonly leaves: ReadonlyMap<string, Node>
  /** folders that may be empty; those that hold something need not be listed */
  readonly folders: Iterable<string>
  /** the node of a folder, without its subtree */
  readonly folderNode: (path: string) => Node
}

/** Stores the trees of a state, the innermost first. */
export async function storeTrees(blobs: BlobWriter, input: TreeInput): Promise<TreeId> {
  const root: Folder = { leaves: new Map(), folders: new Map() }
  for (const path of input.folders) folderAt(root, path.split('/'))
  for (const [path, node] of input.leaves) {
    const names = path.split('/')
    const name = names.pop() as string
    folderAt(root, names).leaves.set(name, node.name === name ? node : { ...node, name })
  }
  return storeFolder(blobs, root, '', input)
}

function folderAt(root: Folder, names: readonly string[]): Folder {
  let at = root
  for (const name of names) {
    const next = at.folders.get(name) ?? { leaves: new Map(), folders: new Map() }
    at.folders.set(name, next)
    at = next
  }
  return at
}

async function storeFolder(
  blobs: BlobWriter,
  folder: Folder,
  path: string,
  input: TreeInput,
): Promise<TreeId> {
  const nodes = [...folder.leaves.values()]
  for (const [name, inside] of folder.folders) {
    blobs.signal.throwIfAborted()
    const at = path === '' ? name : `${path}/${name}`
    const subtree = await storeFolder(blobs, inside, at, input)
    const node = input.folderNode(at)
    nodes.push(directoryNode(node.name === name ? node : { ...node, name }, subtree))
  }
  nodes.sort((a, b) => compareNames(a.name, b.name))
  const { id } = await blobs.saveBlob('tree', formatTree(nodes))
  return id
}
