import type { Cancellable } from '../../base/cancel.ts'
import { MissingError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
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
    const subtree = nodes.find((node) => node.name === name)?.subtree
    if (subtree === undefined) throw new MissingError(`directory ${path} of the snapshot`)
    tree = subtree
  }
  return tree
}
