import type { StoredSnapshot } from 'restic-core'
import { Failure } from '../shared/failure.ts'

/** By what snapshots are put together. */
export interface GroupBy {
  readonly host: boolean
  readonly paths: boolean
  readonly tags: boolean
}

/** What the snapshots of a group have in common; null for what does not matter, and for no tags. */
interface GroupKey {
  readonly hostname: string
  readonly paths: readonly string[] | null
  readonly tags: readonly string[] | null
}

interface SnapshotGroup {
  readonly key: GroupKey
  readonly snapshots: readonly StoredSnapshot[]
}

/** Reads `host,paths`; '' groups by nothing. @throws Failure */
export function parseGroupBy(text: string): GroupBy {
  const names = text.split(',').map((name) => name.trim().replace(/^(path|tag)$/, '$1s'))
  const unknown = names.find((name) => !['', 'host', 'paths', 'tags'].includes(name))
  if (unknown !== undefined) {
    throw new Failure(
      `invalid argument ${JSON.stringify(text)} for "--group-by" flag: unknown grouping option: ${JSON.stringify(unknown)}`,
      { isUsage: true },
    )
  }
  return {
    host: names.includes('host'),
    paths: names.includes('paths'),
    tags: names.includes('tags'),
  }
}

/** Groups in the order in which their first snapshots come. */
export function groupSnapshots(snapshots: readonly StoredSnapshot[], by: GroupBy): SnapshotGroup[] {
  const groups = new Map<string, { key: GroupKey; snapshots: StoredSnapshot[] }>()
  for (const snapshot of snapshots) {
    const key = {
      hostname: by.host ? snapshot.hostname : '',
      paths: by.paths ? snapshot.paths.toSorted() : null,
      tags: by.tags && snapshot.tags.length > 0 ? snapshot.tags.toSorted() : null,
    }
    const text = JSON.stringify(key)
    const group = groups.get(text) ?? { key, snapshots: [] }
    group.snapshots.push(snapshot)
    groups.set(text, group)
  }
  return [...groups.values()]
}

/** Of each group the newest `count`. Takes and gives snapshots in order of time. */
export function latestOfGroups(
  snapshots: readonly StoredSnapshot[],
  by: GroupBy,
  count: number,
): StoredSnapshot[] {
  const kept = groupSnapshots(snapshots, by).flatMap((group) => group.snapshots.slice(-count))
  return snapshots.filter((snapshot) => kept.includes(snapshot))
}

/** `snapshots for (host [vm], tags [a, b]):`, without what is empty. */
export function groupTitle({ hostname, paths, tags }: GroupKey): string {
  const parts: string[] = []
  if (hostname !== '') parts.push(`host [${hostname}]`)
  if (tags !== null && tags.length > 0) parts.push(`tags [${tags.join(', ')}]`)
  if (paths !== null && paths.length > 0) parts.push(`paths [${paths.join(', ')}]`)
  return `snapshots for (${parts.join(', ')}):`
}
