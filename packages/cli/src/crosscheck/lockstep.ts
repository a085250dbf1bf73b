/** What both sides say of one path; a side that does not have it says nothing. */
interface Pair<Ours, Theirs> {
  readonly path: string
  readonly ours: Ours | undefined
  readonly theirs: Theirs | undefined
}

interface WithPath {
  readonly path: string
}

/**
 * Reads two lists of paths side by side, and keeps one entry of each. Both are in the order of a
 * walk: names by their bytes, a directory before what is in it.
 */
export async function* lockstep<Ours extends WithPath, Theirs extends WithPath>(
  ours: AsyncIterable<Ours>,
  theirs: AsyncIterable<Theirs>,
): AsyncGenerator<Pair<Ours, Theirs>, void> {
  const left = ours[Symbol.asyncIterator]()
  const right = theirs[Symbol.asyncIterator]()
  try {
    let a = await take(left)
    let b = await take(right)
    while (a !== undefined || b !== undefined) {
      const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path)
      const path = (order <= 0 ? a?.path : b?.path) ?? ''
      yield { path, ours: order <= 0 ? a : undefined, theirs: order >= 0 ? b : undefined }
      const [nextA, nextB] = await Promise.all([
        order <= 0 ? take(left) : a,
        order >= 0 ? take(right) : b,
      ])
      a = nextA
      b = nextB
    }
  } finally {
    await Promise.all([left.return?.(), right.return?.()])
  }
}

async function take<T>(iterator: AsyncIterator<T>): Promise<T | undefined> {
  const next = await iterator.next()
  return next.done === true ? undefined : next.value
}

/** The order in which a walk meets two paths. */
export function comparePaths(a: string, b: string): number {
  if (a === b) return 0
  const left = a.split('/')
  const right = b.split('/')
  for (const [at, name] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    if (name !== other) return Buffer.compare(Buffer.from(name), Buffer.from(other))
  }
  return -1
}
