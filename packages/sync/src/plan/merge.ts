import { changesBetween } from '../tree/changes.ts'
import {
  type Entries,
  type Entry,
  dropFilledFolders,
  foldersAbove,
  isWithin,
  sameEntry,
} from '../tree/entry.ts'

/** What a conflict is about: everything at and below `path`. */
export interface PathConflict {
  readonly path: string
  /**
   * 'unit': both sides changed something that is only whole, such as a world.
   * 'file': both changed one file. 'kind': a file on one side is a folder on the other.
   */
  readonly about: 'unit' | 'file' | 'kind'
  readonly here: SideChange
  readonly there: SideChange
}

export type SideChange = 'added' | 'changed' | 'removed' | 'unchanged'

export interface Merge {
  /** Both sides' changes; where they conflict, what is there. */
  readonly result: Entries
  readonly conflicts: readonly PathConflict[]
}

export interface MergeInput {
  /** What both sides were last equal to. undefined: not known, so nothing counts as removed. */
  readonly base: Entries | undefined
  readonly here: Entries
  readonly there: Entries
  readonly unitOf: (path: string) => string | undefined
}

/**
 * Merges two states path by path. What is only whole (a unit, a place that is a file on one side and
 * a folder on the other) is taken from the side that changed it, or it conflicts. What cannot be
 * read counts as changed.
 */
export function mergeStates({ base, here, there, unitOf }: MergeInput): Merge {
  const before = base ?? new Map<string, Entry>()
  const clashes = kindClashes(here, there)
  const groupOf = (path: string): string => firstOf(clashes, path) ?? unitOf(path) ?? path
  const result = new Map<string, Entry>()
  const conflicts: PathConflict[] = []
  for (const [group, paths] of groupPaths([before, here, there], groupOf)) {
    const hereChange = changeOf(before, here, paths)
    const thereChange = changeOf(before, there, paths)
    const takesHere = thereChange === 'unchanged'
    const agrees = takesHere || hereChange === 'unchanged' || isSame(here, there, paths)
    if (!agrees) {
      const about = clashes.has(group) ? 'kind' : unitOf(group) === group ? 'unit' : 'file'
      conflicts.push({ path: group, about, here: hereChange, there: thereChange })
    }
    copyPaths(takesHere ? here : there, paths, result)
  }
  dropFilledFolders(result)
  return { result, conflicts: conflicts.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }
}

/** The outermost places that hold a file on one side and other entries below them on the other. */
function kindClashes(here: Entries, there: Entries): ReadonlySet<string> {
  const clashes = new Set<string>()
  for (const [files, others] of [
    [here, there],
    [there, here],
  ] as const) {
    for (const path of others.keys()) {
      for (const folder of foldersAbove(path)) {
        const above = files.get(folder)
        if (above !== undefined && above.type !== 'folder') clashes.add(folder)
      }
    }
  }
  return clashes
}

/** The outermost of `places` at or above `path`. */
function firstOf(places: ReadonlySet<string>, path: string): string | undefined {
  if (places.size === 0) return undefined
  for (const folder of foldersAbove(path)) if (places.has(folder)) return folder
  return places.has(path) ? path : undefined
}

function groupPaths(
  states: readonly Entries[],
  groupOf: (path: string) => string,
): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const path of new Set(states.flatMap((state) => [...state.keys()]))) {
    const group = groupOf(path)
    const paths = groups.get(group)
    if (paths === undefined) groups.set(group, [path])
    else paths.push(path)
  }
  return groups
}

function isSame(a: Entries, b: Entries, paths: readonly string[]): boolean {
  return paths.every((path) => sameEntry(a.get(path), b.get(path)))
}

function changeOf(before: Entries, after: Entries, paths: readonly string[]): SideChange {
  if (isSame(before, after, paths)) return 'unchanged'
  if (!paths.some((path) => before.has(path))) return 'added'
  return paths.some((path) => after.has(path)) ? 'changed' : 'removed'
}

function copyPaths(from: Entries, paths: readonly string[], to: Map<string, Entry>): void {
  for (const path of paths) {
    const entry = from.get(path)
    if (entry !== undefined) to.set(path, entry)
  }
}

/**
 * What is here, where something cannot be read: taken for what it was, as long as nobody wants to
 * change it. Where somebody does, it stays unreadable, and so differs from everything. A folder that
 * cannot be listed stands for all that was in it.
 *
 * @param theres what it may become
 */
export function assumeUnread(
  here: Entries,
  base: Entries,
  theres: readonly Entries[] = [],
): Entries {
  const unread = [...here].flatMap(([path, entry]) => (entry.type === 'unreadable' ? [path] : []))
  if (unread.length === 0) return here
  const assumed = new Map(here)
  for (const path of unread) {
    const before = within(base, path)
    const isWanted = theres.some((there) => changesBetween(before, within(there, path)).length > 0)
    if (isWanted) continue
    assumed.delete(path)
    for (const [one, entry] of before) assumed.set(one, entry)
  }
  return assumed
}

function within(entries: Entries, folder: string): Entries {
  return new Map([...entries].filter(([path]) => isWithin(path, folder)))
}
