import { type Entries, type Entry, sameEntry } from './entry.ts'

export interface Change {
  readonly path: string
  readonly kind: 'added' | 'changed' | 'removed'
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

/** What leads from one state to another, in the order of the paths. */
export function changesBetween(before: Entries, after: Entries): Change[] {
  const changes: Change[] = []
  for (const [path, entry] of before) {
    const now = after.get(path)
    if (now === undefined) changes.push({ path, kind: 'removed', before: entry, after: undefined })
    else if (!sameEntry(entry, now)) {
      changes.push({ path, kind: 'changed', before: entry, after: now })
    }
  }
  for (const [path, entry] of after) {
    if (!before.has(path)) changes.push({ path, kind: 'added', before: undefined, after: entry })
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Counts of files and links; an empty folder that comes or goes counts as nothing. */
export interface ChangeCounts {
  readonly added: number
  readonly changed: number
  readonly removed: number
  /** of the files added and changed, as they are after */
  readonly bytes: number
}

export function countChanges(changes: readonly Change[]): ChangeCounts {
  const counts = { added: 0, changed: 0, removed: 0, bytes: 0 }
  for (const { kind, before, after } of changes) {
    if ((after ?? before)?.type === 'folder') continue
    counts[kind]++
    if (after?.type === 'file') counts.bytes += after.size
  }
  return counts
}
