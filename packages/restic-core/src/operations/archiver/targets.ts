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
  /** named by the caller, so no exclude applies to it */
  readonly explicit?: boolean
}

interface Draft {
  readonly source: string
  /** undefined: a target */
  children: Map<string, Draft> | undefined
  explicit: boolean
}

/**
 * Lays targets out as restic does: absolute paths from the root, relative ones without the parents
 * of the working directory and without leading `..`, nested targets merged, a clash of first
 * components from different parents renamed `name-1`. A target that is a bare directory (`.`, `..`,
 * `/`) stands for its entries.
 *
 * @param list gives the names in a directory
 */
export function layOutTargets(
  paths: readonly string[],
  list: (path: string) => readonly string[],
): Target[] {
  const root: Draft = { source: '', children: new Map(), explicit: false }
  for (const path of paths) {
    const clean = cleanPath(path)
    const parts = clean.split('/').filter((part) => part !== '' && part !== '.' && part !== '..')
    if (parts.length > 0) {
      insert(root, parts, prefixOf(clean), true)
      continue
    }
    for (const name of list(clean)) insert(root, [name], joinPath(clean, ''), false)
  }
  return finish(root)
}

/** The part of a clean path before its first real component: `/`, `../../`, or nothing. */
function prefixOf(clean: string): string {
  return /^(?:\/|(?:\.\.\/)*)/.exec(clean)?.[0] ?? ''
}

function insert(root: Draft, parts: readonly string[], prefix: string, explicit: boolean): void {
  let at = root
  let source = prefix
  for (const [depth, part] of parts.entries()) {
    source += depth === 0 ? part : `/${part}`
    const children = (at.children ??= new Map<string, Draft>())
    const isTarget = depth === parts.length - 1
    const name = depth === 0 ? freeName(children, part, source) : part
    const known = children.get(name)
    if (known !== undefined && known.children === undefined) return
    if (isTarget) {
      children.set(name, { source, children: undefined, explicit })
      return
    }
    const next = known ?? { source, children: new Map<string, Draft>(), explicit: false }
    children.set(name, next)
    at = next
  }
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

function finish(draft: Draft): Target[] {
  return [...(draft.children ?? [])].map(([name, child]) =>
    child.children === undefined
      ? { name, source: child.source, explicit: child.explicit }
      : { name, source: child.source, children: finish(child) },
  )
}

/** A name below a directory. */
export function joinPath(directory: string, name: string): string {
  if (directory === '' || directory === '.') return name
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`
}
