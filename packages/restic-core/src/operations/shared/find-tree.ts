import type { Cancellable } from '../../base/cancel.ts'
import { MissingError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { BlobReader } from '../../repository/api.ts'

/**
 * The tree of a directory below `root`.
 *
 * @param path names joined by '/'; empty parts are left out, so that `/` and `` mean the root
 * @throws MissingError when there is no such directory
 */
export async function findTree(
  reader: Pick<BlobReader, 'readTree'>,
  root: TreeId,
  path: string,
  options: Cancellable = {},
): Promise<TreeId> {
  let tree = root
  for (const name of path.split('/')) {
    if (name === '') continue
    const nodes = await reader.readTree(tree, options)
    const node = nodes.find((candidate) => candidate.name === name)
    if (node?.subtree === undefined) throw notADirectory(path, node)
    tree = node.subtree
  }
  return tree
}

/** A mistake of whoever asked, in all cases but the last: then the snapshot is damaged. */
function notADirectory(path: string, node: Node | undefined): MissingError {
  const what = `directory ${path} of the snapshot`
  if (node === undefined) return new MissingError(what, { message: `path ${path}: not found` })
  if (node.type === 'dir') return new MissingError(what)
  return new MissingError(what, { message: `path ${path}: not a directory` })
}
