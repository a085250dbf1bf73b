import type { Clock } from '../../base/clock.ts'
import type { BlobId, TreeId } from '../../base/id.ts'
import type { BareNode, Node, NodeType } from '../../format/node.ts'
import { formatTime } from '../../format/time.ts'
import type { SourceEntry, SourceTree } from '../shared/source-tree.ts'

/** Types that store how many hard links they have. */
const linkCounted: ReadonlySet<NodeType> = new Set(['file', 'symlink', 'dev', 'chardev'])

interface NodeRules {
  readonly clock: Clock
  /** store the time of last access; otherwise the time of change stands in its place */
  readonly withAtime: boolean
}

/** The node of an entry, without blobs or subtree. */
export function entryNode(
  source: SourceTree,
  place: { readonly name: string; readonly path: string; readonly follow?: boolean },
  entry: SourceEntry,
  { clock, withAtime }: NodeRules,
): BareNode {
  const mtime = formatTime(entry.mtimeNs, clock)
  const follow = place.follow ?? false
  const extendedAttributes = source.extendedAttributes(place.path, { follow })
  const isDevice = entry.type === 'dev' || entry.type === 'chardev'
  return {
    name: place.name,
    type: entry.type,
    mode: entry.mode,
    mtime,
    atime: withAtime ? formatTime(entry.atimeNs, clock) : mtime,
    ctime: formatTime(entry.ctimeNs, clock),
    uid: entry.uid,
    gid: entry.gid,
    user: entry.user,
    group: entry.group,
    inode: entry.inode,
    deviceId: entry.deviceId,
    size: entry.type === 'file' ? entry.size : undefined,
    links: linkCounted.has(entry.type) ? entry.links : 0,
    linktarget: entry.type === 'symlink' ? source.linkTarget(place.path) : undefined,
    extendedAttributes: extendedAttributes.length > 0 ? extendedAttributes : undefined,
    device: isDevice ? entry.device : 0n,
    content: null,
  }
}

export function fileNode(node: Node, content: readonly BlobId[], size: number): Node {
  return { ...node, content, size }
}

export function directoryNode(node: Node, subtree: TreeId): Node {
  return { ...node, subtree }
}
