/**
 * Patterns of scope.json, as people know them from .gitignore:
 *
 *     *          anything but '/'           ?      one character but '/'
 *     **         any folders                [a-z]  one of these; [!a-z] none of these
 *     {a,b}      either                     \      takes the next character as it is
 *
 * A pattern with a '/' before its end counts from the top of the pack folder, any other one at every
 * depth. What matches a folder matches all below it; a '/' at the end wants a folder.
 */
export interface Globs {
  /** Whether a pattern matches the path itself or a folder above it. */
  matches(path: string, isFolder: boolean): boolean
  /** Whether a pattern matches just this path. */
  matchesSelf(path: string, isFolder: boolean): boolean
  /** Whether something below this folder might match although the folder does not. */
  mayMatchBelow(folder: string): boolean
}

/**
 * All patterns become four expressions, and what was found about a folder is remembered: a scan asks
 * about every file of a game with a hundred patterns.
 *
 * @throws SyntaxError when a bracket or brace is not closed
 */
export function compileGlobs(patterns: readonly string[]): Globs {
  const globs = patterns.map(parseGlob)
  const forAny = expressions(globs.filter((glob) => !glob.wantsFolder))
  const forFolders = expressions(globs.filter((glob) => glob.wantsFolder))
  const prefixes = globs.map((glob) => glob.prefixes)
  const folders = new Map<string, boolean>([['', false]])
  const matchesSelf = (path: string, isFolder: boolean): boolean => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (forAny.ofPath?.test(path) === true || forAny.ofName?.test(name) === true) return true
    if (!isFolder) return false
    return forFolders.ofPath?.test(path) === true || forFolders.ofName?.test(name) === true
  }
  const matchesFolder = (folder: string): boolean => {
    const known = folders.get(folder)
    if (known !== undefined) return known
    const found = matchesSelf(folder, true) || matchesFolder(parentOf(folder))
    folders.set(folder, found)
    return found
  }
  return {
    matchesSelf,
    matches: (path, isFolder) => matchesSelf(path, isFolder) || matchesFolder(parentOf(path)),
    mayMatchBelow: (folder) =>
      prefixes.some((parts) => parts === undefined || matchesPrefix(parts, folder)),
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

interface ParsedGlob {
  readonly source: string
  readonly isAnchored: boolean
  readonly wantsFolder: boolean
  /** undefined: it may match anywhere */
  readonly prefixes: readonly (RegExp | undefined)[] | undefined
}

function parseGlob(pattern: string): ParsedGlob {
  const body = pattern.replace(/\/+$/, '').replace(/^\.\//, '')
  const isAnchored = body.includes('/')
  const path = body.replace(/^\/+/, '')
  return {
    source: translate(path),
    isAnchored,
    wantsFolder: pattern.endsWith('/'),
    prefixes: isAnchored ? prefixPatterns(path.split('/')) : undefined,
  }
}

/** undefined where there is no pattern of the kind */
interface Expressions {
  readonly ofPath: RegExp | undefined
  readonly ofName: RegExp | undefined
}

function expressions(globs: readonly ParsedGlob[]): Expressions {
  const anyOf = (some: readonly ParsedGlob[]): RegExp | undefined =>
    some.length === 0
      ? undefined
      : new RegExp(`^(?:${some.map(({ source }) => source).join('|')})$`, 'su')
  return {
    ofPath: anyOf(globs.filter((glob) => glob.isAnchored)),
    ofName: anyOf(globs.filter((glob) => !glob.isAnchored)),
  }
}

/** One expression for each name before the first `**`; undefined stands for anything from there. */
function prefixPatterns(parts: readonly string[]): (RegExp | undefined)[] {
  const patterns: (RegExp | undefined)[] = []
  for (const part of parts) {
    // A brace may hold a '/', and then the names are not what the split made of them.
    if (part === '**' || /[{}]/.test(part)) return [...patterns, undefined]
    patterns.push(new RegExp(`^${translate(part)}$`, 'su'))
  }
  return patterns
}

function matchesPrefix(patterns: readonly (RegExp | undefined)[], folder: string): boolean {
  for (const [depth, name] of folder.split('/').entries()) {
    if (depth >= patterns.length) return false
    const pattern = patterns[depth]
    if (pattern === undefined) return true
    if (!pattern.test(name)) return false
  }
  return true
}

function translate(pattern: string): string {
  let source = ''
  let braces = 0
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string
    if (character === '*') {
      const { text, length } = translateStars(pattern, at)
      source += text
      at += length - 1
    } else if (character === '?') source += '[^/]'
    else if (character === '[') {
      const { text, length } = translateClass(pattern, at)
      source += text
      at += length - 1
    } else if (character === '{') {
      source += '(?:'
      braces++
    } else if (character === '}' && braces > 0) {
      source += ')'
      braces--
    } else if (character === ',' && braces > 0) source += '|'
    else if (character === '\\' && at + 1 < pattern.length)
      source += literal(pattern[++at] as string)
    else source += literal(character)
  }
  if (braces > 0) throw new SyntaxError(`a brace is not closed in the pattern ${pattern}`)
  return source
}

/** `**` as a whole name stands for any number of folders, none included. */
function translateStars(pattern: string, at: number): { text: string; length: number } {
  if (pattern[at + 1] !== '*') return { text: '[^/]*', length: 1 }
  const startsName = at === 0 || pattern[at - 1] === '/'
  if (startsName && pattern[at + 2] === '/') return { text: '(?:.*/)?', length: 3 }
  return { text: '.*', length: 2 }
}

function translateClass(pattern: string, at: number): { text: string; length: number } {
  const isNegated = pattern[at + 1] === '!' || pattern[at + 1] === '^'
  const from = at + (isNegated ? 2 : 1)
  // A bracket that comes first stands for itself.
  const end = pattern.indexOf(']', from + 1)
  if (end < 0) throw new SyntaxError(`a bracket is not closed in the pattern ${pattern}`)
  const members = pattern.slice(from, end).replace(/[\\[\]^&]/g, '\\$&')
  const text = isNegated ? `[^/${members}]` : `(?!/)[${members}]`
  return { text, length: end - at + 1 }
}

function literal(character: string): string {
  return /[$()*+.?[\\\]^{|}/]/.test(character) ? `\\${character}` : character
}
