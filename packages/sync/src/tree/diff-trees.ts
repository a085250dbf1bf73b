import type { BlobReader, Cancellable, Node, TreeId } from 'restic-core'
import { compareNames } from 'restic-core/format'
import { joined } from '../files/folder-files.ts'
import type { ChangeCounts } from './changes.ts'
import type { Scope } from '../scope/scope.ts'
import { sameEntry } from './entry.ts'
import { entryOf } from './repository-state.ts'

export interface CountOptions extends Cancellable {
  /** What lies beyond is not counted: nothing brings it here. */
  readonly scope: Scope
}

/**
 * Counts what changed between two trees. Folders with the same tree are not read, so this costs as
 * much as there are changes.
 *
 * @param before undefined: there was nothing
 */
export async function countTreeChanges(
  reader: Pick<BlobReader, 'readTree'>,
  before: TreeId | undefined,
  after: TreeId | undefined,
  options: CountOptions,
): Promise<ChangeCounts> {
  const counts = { added: 0, changed: 0, removed: 0, bytes: 0 }
  await compare(reader, { path: '', before, after }, counts, options)
  return counts
}

type Counts = { -readonly [K in keyof ChangeCounts]: ChangeCounts[K] }

interface Folder {
  readonly path: string
  readonly before: TreeId | undefined
  readonly after: TreeId | undefined
}

async function compare(
  reader: Pick<BlobReader, 'readTree'>,
  { path: folder, before, after }: Folder,
  counts: Counts,
  options: CountOptions,
): Promise<void> {
  if (before === after) return
  options.signal?.throwIfAborted()
  const old = before === undefined ? [] : await reader.readTree(before, options)
  const now = after === undefined ? [] : await reader.readTree(after, options)
  for (const [left, right] of pairs(old, now)) {
    const path = joined(folder, (left ?? right)?.name ?? '')
    if (options.scope.includes(path, false)) countLeaf(left, right, counts)
    if (!options.scope.reaches(path)) continue
    await compare(reader, { path, before: left?.subtree, after: right?.subtree }, counts, options)
  }
}

function countLeaf(before: Node | undefined, after: Node | undefined, counts: Counts): void {
  const old = before && entryOf(before)
  const now = after && entryOf(after)
  if (sameEntry(old, now)) return
  if (old === undefined) counts.added++
  else if (now === undefined) counts.removed++
  else counts.changed++
  if (now?.type === 'file') counts.bytes += now.size
}

/** Nodes of the same name side by side. */
function* pairs(
  old: readonly Node[],
  now: readonly Node[],
): Generator<[Node | undefined, Node | undefined]> {
  let left = 0
  let right = 0
  while (left < old.length || right < now.length) {
    const before = old[left]
    const after = now[right]
    const order =
      before === undefined ? 1 : after === undefined ? -1 : compareNames(before.name, after.name)
    if (order <= 0) left++
    if (order >= 0) right++
    yield [order <= 0 ? before : undefined, order >= 0 ? after : undefined]
  }
}
