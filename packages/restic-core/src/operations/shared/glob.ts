/** One code point of a name, as a pattern sees it. */
type GlobToken =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly point: number }
  | {
      readonly kind: 'class'
      readonly negated: boolean
      readonly ranges: readonly (readonly [low: number, high: number])[]
    }

/** A shell pattern for one name: literal text where nothing is special, else tokens. */
export type Glob = string | readonly GlobToken[]

const special = /[*?[\]\\]/

/**
 * Parses a shell pattern as Go's `path.Match` reads it: `*` and `?`, `[abc]`, `[a-z]`, negated by
 * `^` only, and a backslash that takes the meaning from what follows.
 *
 * @returns undefined when the pattern is malformed: an open class, an empty one, a lone backslash
 */
export function parseGlob(pattern: string): Glob | undefined {
  if (!special.test(pattern)) return pattern
  const points = Array.from(pattern, (text) => text.codePointAt(0) ?? 0)
  const tokens: GlobToken[] = []
  let at = 0
  for (let point = points[at]; point !== undefined; point = points[at]) {
    if (point === star) {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' })
      at++
    } else if (point === question) {
      tokens.push({ kind: 'any' })
      at++
    } else if (point === openClass) {
      const parsed = parseClass(points, at + 1)
      if (parsed === undefined) return undefined
      tokens.push(parsed.token)
      at = parsed.end
    } else {
      if (point === backslash) at++
      const literal = points[at]
      if (literal === undefined) return undefined
      tokens.push({ kind: 'literal', point: literal })
      at++
    }
  }
  return tokens
}

const [star, question, openClass, closeClass, caret, hyphen, backslash] = Array.from(
  '*?[]^-\\',
  (text) => text.charCodeAt(0),
)

function parseClass(
  points: readonly number[],
  start: number,
): { readonly token: GlobToken; readonly end: number } | undefined {
  const negated = points[start] === caret
  const ranges: (readonly [number, number])[] = []
  let at = negated ? start + 1 : start
  while (points[at] !== closeClass || ranges.length === 0) {
    const low = classPoint(points, at)
    if (low === undefined) return undefined
    let high = low
    if (points[low.end] === hyphen) {
      const last = classPoint(points, low.end + 1)
      if (last === undefined) return undefined
      high = last
    }
    ranges.push([low.point, high.point])
    at = high.end
  }
  return { token: { kind: 'class', negated, ranges }, end: at + 1 }
}

/** One end of a range. A class never ends with one, so something must follow it. */
function classPoint(
  points: readonly number[],
  start: number,
): { readonly point: number; readonly end: number } | undefined {
  const first = points[start]
  if (first === undefined || first === hyphen || first === closeClass) return undefined
  const at = first === backslash ? start + 1 : start
  const point = points[at]
  return point === undefined || at + 1 >= points.length ? undefined : { point, end: at + 1 }
}

/** Whether the whole of `name` fits. Takes time in the product of both lengths at most. */
export function matchesGlob(glob: Glob, name: string): boolean {
  if (typeof glob === 'string') return glob === name
  let token = 0
  let at = 0
  // Where to go on when a later token fails: after the last star, which then takes one more.
  let retryToken = -1
  let retryAt = 0
  while (at < name.length || token < glob.length) {
    const current = glob[token]
    if (current?.kind === 'star') {
      retryToken = ++token
      retryAt = at
      continue
    }
    const point = name.codePointAt(at)
    if (current !== undefined && point !== undefined && fits(current, point)) {
      token++
      at += point > 0xffff ? 2 : 1
      continue
    }
    const skipped = name.codePointAt(retryAt)
    if (retryToken < 0 || skipped === undefined) return false
    retryAt += skipped > 0xffff ? 2 : 1
    token = retryToken
    at = retryAt
  }
  return true
}

function fits(token: Exclude<GlobToken, { kind: 'star' }>, point: number): boolean {
  if (token.kind === 'any') return true
  if (token.kind === 'literal') return token.point === point
  return token.ranges.some(([low, high]) => low <= point && point <= high) !== token.negated
}
