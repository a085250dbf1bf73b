import {
  type BlobReader,
  type Cancellable,
  CorruptDataError,
  type Node,
  type TreeId,
  shortId,
  walkTrees,
} from 'restic-core'
import { isSafeName } from 'restic-core/format'
import type { Scope } from '../scope/scope.ts'
import { type Entry, emptyFolder } from './entry.ts'

/** A state that the repository has, with the nodes that tell of it. */
export interface RepositoryState {
  /** the tree of the instance's root */
  readonly tree: TreeId
  readonly entries: ReadonlyMap<string, Entry>
  /** everything but folders, also what is not in scope */
  readonly nodes: ReadonlyMap<string, Node>
  readonly folders: ReadonlyMap<string, Node>
}

/** The state of a folder that was never pushed. */
export const noState: Omit<RepositoryState, 'tree'> = {
  entries: new Map(),
  nodes: new Map(),
  folders: new Map(),
}

/**
 * Reads all trees below the instance's root.
 *
 * @throws CorruptDataError when a name would lead out of its folder: such a tree was made to harm
 */
export async function readRepositoryState(
  reader: Pick<BlobReader, 'readTree'>,
  tree: TreeId,
  scope: Scope,
  { signal }: Cancellable = {},
): Promise<RepositoryState> {
  const entries = new Map<string, Entry>()
  const nodes = new Map<string, Node>()
  const folders = new Map<string, Node>()
  const filled = new Set<string>()
  for await (const step of walkTrees(reader, tree, { signal })) {
    const folder = step.tree.path.slice(1)
    if (step.type === 'leave') {
      if (filled.has(folder)) fillAbove(folder, filled)
      else if (folder !== '' && scope.includes(folder, true)) {
        entries.set(folder, emptyFolder)
        fillAbove(folder, filled)
      }
      continue
    }
    for (const node of step.tree.nodes) {
      const path = folder === '' ? node.name : `${folder}/${node.name}`
      if (!isSafeName(node.name)) throw unsafeName(tree, path)
      if (node.type === 'dir') {
        folders.set(path, node)
        continue
      }
      nodes.set(path, node)
      const entry = entryOf(node)
      if (entry === undefined || !scope.includes(path, false)) continue
      entries.set(path, entry)
      filled.add(folder)
    }
  }
  return { tree, entries, nodes, folders }
}

/** A folder that something of the scope is in is not empty for the folder above it, either. */
function fillAbove(folder: string, filled: Set<string>): void {
  const slash = folder.lastIndexOf('/')
  if (slash >= 0) filled.add(folder.slice(0, slash))
}

/** undefined for devices and the like, which are never synced. */
export function entryOf(node: Node): Entry | undefined {
  if (node.type === 'symlink') return { type: 'symlink', target: node.linktarget ?? '' }
  if (node.type !== 'file' || node.content === null) return undefined
  return {
    type: 'file',
    content: node.content,
    size: node.size ?? 0,
    executable: (node.mode & 0o100) !== 0,
  }
}

function unsafeName(tree: TreeId, path: string): CorruptDataError {
  return new CorruptDataError(`tree ${shortId(tree)}`, 'value', {
    hint: `It has a name that would lead out of its folder: ${JSON.stringify(path)}.`,
  })
}
