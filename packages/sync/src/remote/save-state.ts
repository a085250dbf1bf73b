import {
  type BlobWriter,
  type IndexedRepository,
  type Node,
  type Snapshot,
  type SnapshotId,
  type SourceTree,
  type TreeId,
  entryNode,
  fileNode,
  isResticError,
} from 'restic-core'
import { formatSnapshot, formatTime } from 'restic-core/format'
import { extraOf } from '../lineage/marks.ts'
import type { Seen } from '../lineage/seen.ts'
import { changesBetween, countChanges } from '../tree/changes.ts'
import { type Entries, type Entry, fileCount, sameEntry, totalSize } from '../tree/entry.ts'
import { entryOf, type RepositoryState } from '../tree/repository-state.ts'
import { storeTrees } from './tree-builder.ts'

/** Where the nodes of a state come from: snapshots that have the same entry, then the disk. */
export interface NodeSources {
  readonly states: readonly Pick<RepositoryState, 'nodes' | 'folders'>[]
  readonly source: SourceTree
  /** absolute path of the pack folder */
  readonly root: string
}

/**
 * Stores the trees of a state whose contents the repository has. A node is taken over from a
 * snapshot where its entry is the same, so that a state that was touched but not changed keeps its
 * tree; and what is not in scope is taken over from the first of the states.
 */
export async function storeState(
  blobs: BlobWriter,
  { runtime }: Pick<IndexedRepository, 'runtime'>,
  entries: Entries,
  { states, source, root }: NodeSources,
): Promise<TreeId> {
  const rules = { clock: runtime.clock, withAtime: false }
  let byContent: ReadonlyMap<string, Node> | undefined
  const elsewhere = (entry: Entry): Node | undefined => {
    byContent ??= nodesByContent(states)
    return byContent.get(contentKey(entry))
  }
  const fromDisk = (path: string): Node | undefined => {
    const place = { name: nameOf(path), path: `${root}/${path}` }
    try {
      return entryNode(source, place, source.entry(place.path), rules)
    } catch (error) {
      if (isResticError(error, 'SOURCE')) return undefined
      throw error
    }
  }
  const leaves = new Map<string, Node>()
  const folders: string[] = []
  for (const [path, entry] of entries) {
    if (entry.type === 'folder') folders.push(path)
    else if (entry.type !== 'unreadable') {
      const node =
        sameNode(states, path, entry) ?? diskNode(fromDisk(path), entry) ?? elsewhere(entry)
      leaves.set(path, node ?? plainNode(path, entry, runtime.clock.nowNs(), rules.clock))
    }
  }
  return storeTrees(blobs, {
    leaves,
    folders,
    folderNode: (path) => {
      const known = states.find((state) => state.folders.has(path))?.folders.get(path)
      const disk = known === undefined ? fromDisk(path) : undefined
      return (
        known ??
        (disk?.type === 'dir' ? disk : plainFolder(path, runtime.clock.nowNs(), rules.clock))
      )
    },
  })
}

/** What is not in scope stays in the cloud as it is: this folder knows nothing about it. */
export function outOfScope(
  { nodes }: Pick<RepositoryState, 'nodes'>,
  isInScope: (path: string) => boolean,
): ReadonlyMap<string, Entry> {
  const kept = new Map<string, Entry>()
  for (const [path, node] of nodes) {
    const entry = entryOf(node)
    if (entry !== undefined && !isInScope(path)) kept.set(path, entry)
  }
  return kept
}

function sameNode(states: NodeSources['states'], path: string, entry: Entry): Node | undefined {
  for (const { nodes } of states) {
    const node = nodes.get(path)
    if (node !== undefined && sameEntry(entryOf(node), entry)) return node
  }
  return undefined
}

function diskNode(node: Node | undefined, entry: Entry): Node | undefined {
  if (node?.type === 'file' && entry.type === 'file') {
    const isExecutable = (node.mode & 0o100) !== 0
    const mode =
      entry.executable === isExecutable ? node.mode : withExecutable(node.mode, entry.executable)
    return fileNode({ ...node, mode }, entry.content, entry.size)
  }
  return node !== undefined && sameEntry(entryOf(node), entry) ? node : undefined
}

function withExecutable(mode: number, executable: boolean): number {
  return executable ? mode | 0o100 : mode & ~0o111
}

/** Nodes by what they hold, for entries that stand at another place than before. */
function nodesByContent(states: NodeSources['states']): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>()
  for (const { nodes } of states) {
    for (const node of nodes.values()) {
      const entry = entryOf(node)
      if (entry !== undefined) found.set(contentKey(entry), node)
    }
  }
  return found
}

function contentKey(entry: Entry): string {
  if (entry.type === 'file') return `file ${entry.executable} ${entry.content.join()}`
  return entry.type === 'symlink' ? `link ${entry.target}` : entry.type
}

function plainNode(path: string, entry: Entry, nowNs: bigint, clock: Clock): Node {
  const node = bareNode(path, nowNs, clock)
  if (entry.type === 'symlink') {
    return { ...node, type: 'symlink', mode: symlinkMode, linktarget: entry.target, links: 1 }
  }
  if (entry.type !== 'file') throw new TypeError(`${entry.type} is not a leaf`)
  const mode = entry.executable ? 0o755 : 0o644
  return fileNode({ ...node, type: 'file', mode, links: 1 }, entry.content, entry.size)
}

type Clock = IndexedRepository['runtime']['clock']
/** As Go tells: a bit for the kind, then the permissions. */
const folderMode = 0x8000_0000 + 0o755
const symlinkMode = 0x0800_0000 + 0o777

function plainFolder(path: string, nowNs: bigint, clock: Clock): Node {
  return { ...bareNode(path, nowNs, clock), type: 'dir', mode: folderMode }
}

function bareNode(
  path: string,
  nowNs: bigint,
  clock: Clock,
): Omit<Node, 'type'> & { type: 'file' } {
  const time = formatTime(nowNs, clock)
  return {
    name: nameOf(path),
    type: 'file',
    mode: 0,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: undefined,
    links: 0,
    device: 0n,
    content: null,
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export interface SnapshotInput {
  readonly tree: TreeId
  readonly parent: SnapshotId | undefined
  readonly tags: readonly string[]
  /** absent for states stored aside, which take no part in the order */
  readonly seen: Seen | undefined
  readonly packFolder: string
  readonly hostname: string
  readonly startNs: bigint
  /** what it is compared with in its summary, and what it holds */
  readonly before: Entries
  readonly after: Entries
  readonly added: BlobWriter['added']
}

/** The snapshot, sealed but not stored: its id is known before anybody else can see it. */
export function sealSnapshot(
  repository: IndexedRepository,
  input: SnapshotInput,
): ReturnType<IndexedRepository['files']['seal']> & { readonly id: SnapshotId } {
  const { runtime } = repository
  const { clock, identity } = runtime
  const snapshot: Snapshot = {
    time: formatTime(input.startNs, clock),
    parent: input.parent,
    tree: input.tree,
    paths: [input.packFolder],
    hostname: input.hostname,
    username: identity.username,
    uid: identity.uid,
    gid: identity.gid,
    excludes: [],
    tags: input.tags,
    programVersion: 'instance-sync',
    summary: summaryOf(input, formatTime(input.startNs, clock), formatTime(clock.nowNs(), clock)),
    ...(input.seen !== undefined && { extra: extraOf(input.seen) }),
  }
  return repository.files.seal('snapshot', formatSnapshot(snapshot))
}

function summaryOf(
  { before, after, added }: SnapshotInput,
  backupStart: string,
  backupEnd: string,
): Snapshot['summary'] {
  const changes = countChanges(changesBetween(before, after))
  const files = fileCount(after)
  return {
    backupStart,
    backupEnd,
    filesNew: changes.added,
    filesChanged: changes.changed,
    filesUnmodified: files - changes.added - changes.changed,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
    dataBlobs: added.dataBlobs,
    treeBlobs: added.treeBlobs,
    dataAdded: added.added,
    dataAddedPacked: added.addedPacked,
    totalFilesProcessed: files,
    totalBytesProcessed: totalSize(after),
  }
}
