import { cleanPath } from './clean-path.ts'
import { type Glob, matchesGlob, parseGlob } from './glob.ts'

/** A part of a pattern: a glob for one name of a path, or `**` for any number of names. */
type PatternPart = Glob | typeof anyNames

const anyNames: unique symbol = Symbol('**')

/** A pattern for paths, as `--exclude` and `--include` take it. */
export interface Pattern {
  readonly original: string
  /** `!pattern`: takes back what an earlier pattern matched */
  readonly negated: boolean
  /** starts at the root; others may start at any name of a path */
  readonly absolute: boolean
  readonly parts: readonly PatternPart[]
}

export interface PatternAnswer {
  readonly matched: boolean
  /** False when nothing below this path can match, so that a directory need not be entered. */
  readonly childMayMatch: boolean
}

/** Patterns in order: the last one that decides wins. */
export interface PatternList {
  readonly patterns: readonly Pattern[]
  readonly ignoreCase: boolean
}

/**
 * Reads patterns as restic does: cleaned lexically, split at `/`, a leading `/` makes one absolute,
 * a leading `!` negates, `**` as a whole part stands for any number of names. Empty ones are
 * left out.
 *
 * @returns `invalid` lists the malformed ones, which the caller must refuse
 */
export function parsePatterns(
  texts: readonly string[],
  options: { readonly ignoreCase?: boolean | undefined } = {},
): { readonly list: PatternList; readonly invalid: readonly string[] } {
  const ignoreCase = options.ignoreCase ?? false
  const patterns: Pattern[] = []
  const invalid: string[] = []
  for (const text of texts) {
    if (text === '') continue
    const pattern = parsePattern(ignoreCase ? lowerCase(text) : text)
    if (pattern === undefined) invalid.push(text)
    else patterns.push(pattern)
  }
  return { list: { patterns, ignoreCase }, invalid }
}

function parsePattern(original: string): Pattern | undefined {
  const negated = original.startsWith('!')
  const names = splitPath(cleanPath(negated ? original.slice(1) : original))
  const absolute = names[0] === ''
  const parts: PatternPart[] = []
  for (const name of absolute ? names.slice(1) : names) {
    // restic reads the empty name that the root `/` has after its slash as `**`.
    const part = name === '**' || name === '' ? anyNames : parseGlob(name)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return { original, negated, absolute, parts }
}

/** @param path absolute, with `/` between the names */
export function matchPatterns(list: PatternList, path: string): PatternAnswer {
  const names = splitPath(list.ignoreCase ? lowerCase(path) : path)
  let matched = false
  let childMayMatch = false
  for (const pattern of list.patterns) {
    const fits = matches(pattern, names)
    if (pattern.negated) {
      matched &&= !fits
      childMayMatch &&= !fits
    } else {
      matched ||= fits
      childMayMatch ||= childMatches(pattern, names)
    }
  }
  return { matched, childMayMatch }
}

/** @param names the names of a path; the first is empty when the path is absolute */
function matches({ absolute, parts }: Pattern, names: readonly string[]): boolean {
  const first = names[0] === '' ? 1 : 0
  if (absolute) return first === 1 && matchesFrom(parts, names, 1)
  const onlyAnyNames = parts.every((part) => part === anyNames)
  if (onlyAnyNames) return names.length > first
  for (let start = first; start < names.length; start++) {
    if (matchesFrom(parts, names, start)) return true
  }
  return false
}

/** Whether `parts` match names from `start` on; names left over are below what matched. */
function matchesFrom(
  parts: readonly PatternPart[],
  names: readonly string[],
  start: number,
): boolean {
  let part = 0
  let at = start
  // Where to go on when a later part fails: after the last `**`, which then takes one name more.
  let retryPart = -1
  let retryAt = start
  while (part < parts.length) {
    const current = parts[part]
    const name = names[at]
    if (current === anyNames) {
      retryPart = ++part
      retryAt = at
    } else if (current !== undefined && name !== undefined && matchesGlob(current, name)) {
      part++
      at++
    } else if (retryPart >= 0 && retryAt < names.length) {
      part = retryPart
      at = ++retryAt
    } else {
      return false
    }
  }
  return true
}

/** Whether a path below `names` could match: always, unless the pattern starts at the root. */
function childMatches({ absolute, parts }: Pattern, names: readonly string[]): boolean {
  if (!absolute || names[0] !== '') return true
  const wildcard = parts.indexOf(anyNames)
  const decisive = wildcard < 0 ? parts : parts.slice(0, wildcard)
  const length = Math.min(decisive.length, names.length - 1)
  return matchesFrom(decisive.slice(0, length), names, 1)
}

/** `/a/b` has the names ``, `a`, `b`. */
function splitPath(path: string): readonly string[] {
  return path.split('/')
}

/**
 * Lower case by single code points, as Go does it: never longer than the text, and a sigma at the
 * end of a word is like any other.
 */
function lowerCase(text: string): string {
  let lower = ''
  for (const character of text) {
    const mapped = character.toLowerCase()
    lower += character === '\u0130' ? 'i' : mapped
  }
  return lower
}
