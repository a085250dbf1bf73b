import { jsonText } from './json.ts'

/**
 * JSON for people: two blanks per level, as Go's encoder indents.
 *
 * @param json one JSON document; members keep their order
 */
export function indentedJson(json: Uint8Array): string {
  return indented(JSON.parse(new TextDecoder().decode(json)), '')
}

function indented(value: unknown, margin: string): string {
  const inner = `${margin}  `
  const lines = (open: string, items: readonly string[], close: string): string =>
    items.length === 0
      ? open + close
      : `${open}\n${items.map((item) => inner + item).join(',\n')}\n${margin}${close}`
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return lines(
      '[',
      items.map((item) => indented(item, inner)),
      ']',
    )
  }
  if (typeof value !== 'object' || value === null) return jsonText(value)
  const members = Object.entries(value)
  return lines(
    '{',
    members.map(([key, member]) => `${jsonText(key)}: ${indented(member, inner)}`),
    '}',
  )
}
