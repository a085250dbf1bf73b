import type { BlobReader, Cancellable, TreeId } from 'restic-core'
import { syncTag } from '../lineage/marks.ts'

export interface RootedSnapshot {
  readonly tree: TreeId
  /** absolute */
  readonly paths: readonly string[]
  readonly tags: readonly string[]
}

/**
 * The tree of the instance's own folders in a snapshot. Ours have them at the root. restic stores an
 * absolute target below all the folders above it, and a relative one below those that were named,
 * so in a snapshot of one target each of these folders holds nothing but the next.
 */
export async function findInstanceRoot(
  reader: Pick<BlobReader, 'readTree'>,
  snapshot: RootedSnapshot,
  options?: Cancellable,
): Promise<TreeId> {
  if (snapshot.tags.includes(syncTag)) return snapshot.tree
  const names = commonFolder(snapshot.paths)
  for (let from = 0; from < names.length; from++) {
    const found = await follow(reader, snapshot.tree, names.slice(from), options)
    if (found !== undefined) return found
  }
  return snapshot.tree
}

/** The names of the folder that all paths are in: of one path itself, of several what they share. */
function commonFolder(paths: readonly string[]): string[] {
  const [first, ...others] = paths.map((path) =>
    path
      .split(/[\\/]/)
      .flatMap((name) => (name === '' ? [] : [name.replace(/^([A-Za-z]):$/, '$1')])),
  )
  if (first === undefined) return []
  let length = first.length
  for (const other of others) {
    let shared = 0
    while (shared < length && first[shared] === other[shared]) shared++
    length = shared
  }
  return first.slice(0, length)
}

async function follow(
  reader: Pick<BlobReader, 'readTree'>,
  root: TreeId,
  names: readonly string[],
  options?: Cancellable,
): Promise<TreeId | undefined> {
  let tree = root
  for (const name of names) {
    const [only, ...others] = await reader.readTree(tree, options)
    if (only?.name !== name || only.subtree === undefined || others.length > 0) return undefined
    tree = only.subtree
  }
  return tree
}
