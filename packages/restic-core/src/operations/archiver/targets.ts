import { cleanPath } from '../shared/clean-path.ts'

/**
 * What is backed up and where it stands in the snapshot: a directory above the targets, or a
 * target itself, which has no `children` here because all of it is taken.
 */
export interface Target {
  /** its name in the snapshot */
  readonly name: string
  /** where its content, or a directory's metadata, is read */
  readonly source: string
  readonly children?: readonly Target[]
  /** named by the caller, so it is an error when it is not there */
  readonly explicit?: boolean
}

interface Draft {
  readonly source: string
  /** Targets in it, or in directories in it. */
  readonly children: Map<string, Draft>
  isTarget: boolean
  explicit: boolean
}

type ListNames = (path: string) => readonly string[]

/**
 * Lays targets out as restic does: absolute paths from the root, relative ones without the parents
 * of the working directory and without leading `..`, a clash of first components from different
 * parents renamed `name-1`. A target that is a bare directory (`.`, `..`, `/`) stands for its
 * entries, and so does one with another target below it: whatever leaves out a directory between
 * them does not leave out that one.
 *
 * @param list gives the names in a directory
 */
export function layOutTargets(paths: readonly string[], list: ListNames): Target[] {
  const root = newDraft('')
  for (const path of paths) {
    const clean = cleanPath(path)
    const parts = clean.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
    if (parts.length > 0) {
      insert(root, parts, prefixOf(clean), true)
      continue
    }
    for (const name of list(clean)) insert(root, [name], joinPath(clean, ''), false)
  }
  return finish(root, list)
}

/** The part of a clean path before its first real component: `/`, `../../`, or nothing. */
function prefixOf(clean: string): string {
  return /^(?:\/|(?:\.\.\/)*)/.exec(clean)?.[0] ?? ''
}

function newDraft(source: string): Draft {
  return { source, children: new Map(), isTarget: false, explicit: false }
}

function insert(root: Draft, parts: readonly string[], prefix: string, explicit: boolean): void {
  let at = root
  let source = prefix
  for (const [depth, part] of parts.entries()) {
    source += depth === 0 ? part : `/${part}`
    const name = depth === 0 ? freeName(at.children, part, source) : part
    const next: Draft = at.children.get(name) ?? newDraft(source)
    at.children.set(name, next)
    at = next
  }
  at.isTarget = true
  at.explicit ||= explicit
}

/** `name`, or `name-1` and so on while that name stands for another place. */
function freeName(children: ReadonlyMap<string, Draft>, name: string, source: string): string {
  let candidate = name
  for (let number = 1; ; number++) {
    const known = children.get(candidate)
    if (known === undefined || known.source === source) return candidate
    candidate = `${name}-${number}`
  }
}

function finish({ children, isTarget, source }: Draft, list: ListNames): Target[] {
  if (isTarget) {
    for (const name of list(source)) {
      const child = children.get(name) ?? newDraft(joinPath(source, name))
      children.set(name, child)
      child.isTarget = true
    }
  }
  return [...children].map(([name, child]) =>
    child.children.size === 0
      ? { name, source: child.source, explicit: child.explicit }
      : { name, source: child.source, children: finish(child, list) },
  )
}

/** A name below a directory. */
export function joinPath(directory: string, name: string): string {
  if (directory === '' || directory === '.') return name
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`
}
