import { type Node, formatNode } from '../../format/node.ts'
import { parseTime } from '../../format/time.ts'
import type { StoredSnapshot } from '../../repository/api.ts'
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

export interface ChangeRules {
  readonly ignoreCtime?: boolean | undefined
  readonly ignoreInode?: boolean | undefined
}

/**
 * Whether a file's content need not be read: size, times and inode are those of the parent.
 *
 * @param now the node of the file as it is, without content
 */
export function isUnchanged(
  previous: Node,
  now: Node,
  entry: SourceEntry,
  rules: ChangeRules,
): boolean {
  if (previous.type !== 'file' || entry.type !== 'file' || previous.content === null) return false
  if ((previous.size ?? 0) !== entry.size || !sameTime(previous.mtime, now.mtime)) return false
  const ignoreInode = rules.ignoreInode === true
  if (!ignoreInode && rules.ignoreCtime !== true && !sameTime(previous.ctime, now.ctime)) {
    return false
  }
  return ignoreInode || previous.inode === entry.inode
}

/** The zone of this machine may have been another one. */
function sameTime(a: string, b: string): boolean {
  return a === b || parseTime(a) === parseTime(b)
}

/** How an item differs from the parent's, for the counts of the summary. */
export function changeOf(previous: Node | undefined, node: Node): 'new' | 'changed' | 'unchanged' {
  if (previous === undefined) return 'new'
  const isSame = sameMembers(previous, node) || formatNode(previous) === formatNode(node)
  return isSame ? 'unchanged' : 'changed'
}

/** True only when the nodes are written alike, and far quicker than writing them. */
function sameMembers(a: Node, b: Node): boolean {
  return (
    sameStatus(a, b) &&
    a.name === b.name &&
    a.linktarget === b.linktarget &&
    a.content === b.content &&
    a.subtree === b.subtree &&
    a.extendedAttributes === b.extendedAttributes &&
    a.genericAttributes === b.genericAttributes &&
    a.error === b.error &&
    a.extra === b.extra
  )
}

function sameStatus(a: Node, b: Node): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.mtime === b.mtime &&
    a.atime === b.atime &&
    a.ctime === b.ctime &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.user === b.user &&
    a.group === b.group &&
    a.inode === b.inode &&
    a.deviceId === b.deviceId &&
    a.size === b.size &&
    a.links === b.links &&
    a.device === b.device
  )
}
