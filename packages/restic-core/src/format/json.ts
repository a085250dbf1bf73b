/**
 * How deep arrays and objects may nest. The format itself nests six deep; what a newer writer adds
 * is kept as it is, and must not overflow the stack of whoever walks it.
 */
export const jsonDepthMax = 200

/** Nothing that is escaped, and no surrogates, which may be lone. */
const plainText = /^[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*$/
const escapedByGo = /\\\\|\\ud[89a-f][0-9a-f]{2}|[<>&\u2028\u2029]/g

/** A JSON string with Go's escapes. Bytes that are not UTF-8, as lone surrogates, become U+FFFD. */
export function jsonString(text: string): string {
  return plainText.test(text) ? `"${text}"` : jsonText(text)
}

/**
 * A value as Go's encoder writes it. That differs from JSON.stringify in few places: it escapes
 * < > & and the two line separators, and it has the escape of U+FFFD for what is not Unicode.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(escapedByGo, (found) => {
    if (found === '\\\\') return found
    if (found.startsWith('\\')) return '\\ufffd'
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** An object with its members in the order given; undefined ones are left out. */
export function formatJsonObject(members: Iterable<readonly [string, unknown]>): string {
  const texts: string[] = []
  for (const [key, value] of members) {
    if (value !== undefined) texts.push(`${jsonString(key)}:${jsonText(value)}`)
  }
  return `{${texts.join(',')}}`
}

const encoder = new TextEncoder()

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}
