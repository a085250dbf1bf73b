import type { Node } from '../../format/node.ts'
import { parseTime } from '../../format/time.ts'
import type { TargetEntry } from '../shared/target-tree.ts'
import { Column } from './column.ts'

/** What to do about a regular file, a symlink or a special file that is there already. */
export type Overwrite = 'always' | 'if-changed' | 'if-newer' | 'never'

/**
 * What becomes of an entry of the snapshot.
 *
 * - `omit` it was not asked for, or cannot be restored
 * - `leave` something is there that must not be overwritten
 * - `keep` what is there is right already; only its metadata is set
 * - `update` the file there gets the blobs it lacks
 * - `create` nothing is there
 * - `replace` what is there goes first
 * - `renew` as `replace`, for a file that has other names, which keep their content
 * - `link` as `replace`, but it becomes another name of a file restored before
 */
export type Decision = (typeof decisions)[number]

const decisions = ['omit', 'leave', 'keep', 'update', 'create', 'replace', 'renew', 'link'] as const
const codes = new Map<Decision, number>(decisions.map((decision, code) => [decision, code]))

/** One decision for each entry of each directory that is entered, in the order of the walk. */
export class Decisions {
  readonly #codes = Column.bytes()

  get count(): number {
    return this.#codes.length
  }

  push(decision: Decision): number {
    return this.#codes.push(codes.get(decision) as number)
  }

  at(entry: number): Decision {
    return decisions[this.#codes.at(entry)] as Decision
  }

  set(entry: number, decision: Decision): void {
    this.#codes.set(entry, codes.get(decision) as number)
  }

  truncate(count: number): void {
    this.#codes.truncate(count)
  }
}

/** Whether an entry of the snapshot may take the place of what is there. */
export function mayOverwrite(overwrite: Overwrite, node: Node, there: TargetEntry): boolean {
  switch (overwrite) {
    case 'always':
    case 'if-changed':
      return true
    case 'if-newer':
      return parseTime(node.mtime) > there.mtimeNs
    case 'never':
      return false
  }
}

/**
 * How a file that is there and may be overwritten is dealt with: kept or changed after a look at
 * its content, trusted, or replaced.
 */
export function existingFile(
  overwrite: Overwrite,
  node: Node,
  there: TargetEntry,
): 'compare' | 'trust' | 'replace' {
  if (there.type !== 'file') return 'replace'
  const looksUnchanged = there.size === (node.size ?? 0) && there.mtimeNs === parseTime(node.mtime)
  return overwrite === 'if-changed' && looksUnchanged ? 'trust' : 'compare'
}
