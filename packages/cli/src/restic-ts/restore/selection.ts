import { type Node, type PatternList, type PlanRestoreOptions, matchPatterns } from 'restic-core'
import { Failure } from '../../shared/failure.ts'
import { readExcludes, readPatterns } from '../patterns.ts'
import type { RestoreFlags } from './flags.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Which entries are restored, and which that the snapshot does not have are removed. */
export interface Selection {
  readonly select: PlanRestoreOptions['select']
  /** Whether an entry that is not in the snapshot is one of those the patterns mean. */
  readonly mayDelete: (path: string) => boolean
  readonly isFiltered: boolean
}

/** @throws Failure when patterns are malformed or both kinds are given */
export async function readSelection(
  flags: RestoreFlags,
  environment: Environment,
): Promise<Selection> {
  const includes = await readPatterns(
    'include',
    {
      patterns: flags.include,
      files: flags.includeFile,
      ignoreCasePatterns: flags.iinclude,
      ignoreCaseFiles: flags.iincludeFile,
    },
    environment,
  )
  const excludes = await readExcludes(flags, environment)
  if (includes.length > 0 && excludes.length > 0) {
    throw new Failure('exclude and include patterns are mutually exclusive')
  }
  if (includes.length > 0) return includeSelection(includes)
  if (excludes.length > 0) return excludeSelection(excludes)
  return { select: undefined, mayDelete: () => true, isFiltered: false }
}

function includeSelection(lists: readonly PatternList[]): Selection {
  const select = (path: string, node: Node): boolean | 'inside' => {
    const answers = lists.map((list) => matchPatterns(list, path))
    if (answers.some(({ matched }) => matched)) return true
    return node.type === 'dir' && answers.some(({ childMayMatch }) => childMayMatch)
      ? 'inside'
      : false
  }
  return { select, mayDelete: (path) => isMatched(lists, path), isFiltered: true }
}

function excludeSelection(lists: readonly PatternList[]): Selection {
  const isKept = (path: string): boolean => !isMatched(lists, path)
  return { select: isKept, mayDelete: isKept, isFiltered: true }
}

function isMatched(lists: readonly PatternList[], path: string): boolean {
  return lists.some((list) => matchPatterns(list, path).matched)
}

/** Which extended attributes are restored; patterns are matched with their names. */
export async function readAttributeSelection(
  flags: Pick<RestoreFlags, 'includeXattr' | 'excludeXattr'>,
): Promise<((name: string) => boolean) | undefined> {
  const { includeXattr, excludeXattr } = flags
  if (includeXattr.length > 0 && excludeXattr.length > 0) {
    throw new Failure('exclude and include xattr patterns are mutually exclusive')
  }
  const includes = await namePatterns('include-xattr', includeXattr)
  if (includes.length > 0) return (name) => isMatched(includes, name)
  const excludes = await namePatterns('exclude-xattr', excludeXattr)
  return excludes.length > 0 ? (name) => !isMatched(excludes, name) : undefined
}

function namePatterns(flag: string, patterns: readonly string[]): Promise<PatternList[]> {
  return readPatterns(
    flag,
    { patterns, files: [], ignoreCasePatterns: [], ignoreCaseFiles: [] },
    {},
  )
}
