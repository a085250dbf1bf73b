import type { Screen } from '../../shared/screen.ts'

const escapedByGo = /\\\\|[<>&\u2028\u2029]|\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g

/**
 * A value as restic prints it: compact, `<`, `>`, `&` and the line separators escaped, what is not
 * Unicode replaced. Undefined members are left out; whole numbers beyond 2^53 come as bigint.
 */
export function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return scalarText(value)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${scalarText(key)}:${jsonText(member)}`)
  return `{${members.join(',')}}`
}

function scalarText(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replaceAll(escapedByGo, (found) => {
    if (found === '\\\\') return found
    if (found.startsWith('\\')) return '\\ufffd'
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** One line of JSON on standard output. */
export function printJson(screen: Screen, value: unknown): void {
  screen.print(jsonText(value))
}
