/** Resolves `.`, `..` and doubled slashes by the text alone. `''` becomes `.`, as in Go's `path.Clean`. */
export function cleanPath(path: string): string {
  const absolute = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..' || (!absolute && (parts.length === 0 || parts.at(-1) === '..'))) {
      parts.push(part)
    } else {
      parts.pop()
    }
  }
  const joined = parts.join('/')
  if (absolute) return `/${joined}`
  return joined === '' ? '.' : joined
}
