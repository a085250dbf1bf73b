const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

const notADigit = 255
const valueOfCode = new Uint8Array(128).fill(notADigit)
for (let value = 0; value < digits.length; value++) valueOfCode[digits.charCodeAt(value)] = value

/** Standard base64 with padding, as Go's JSON encoder writes byte slices. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at
    const a = bytes[at] as number
    const b = left > 1 ? (bytes[at + 1] as number) : 0
    const c = left > 2 ? (bytes[at + 2] as number) : 0
    text += digits.charAt(a >> 2) + digits.charAt(((a & 3) << 4) | (b >> 4))
    text += left > 1 ? digits.charAt(((b & 15) << 2) | (c >> 6)) : '='
    text += left > 2 ? digits.charAt(c & 63) : '='
  }
  return text
}

/** Undefined when `text` is not whole groups of four digits, padded. Line ends are skipped, as in Go. */
export function fromBase64(text: string): Uint8Array | undefined {
  const joined = text.replaceAll(/[\r\n]/g, '')
  if (joined.length % 4 !== 0) return undefined
  const padding = joined.endsWith('==') ? 2 : joined.endsWith('=') ? 1 : 0
  const bytes = new Uint8Array((joined.length / 4) * 3 - padding)
  let bits = 0
  let written = 0
  for (let at = 0; at < joined.length - padding; at++) {
    const value = valueOfCode[joined.charCodeAt(at)] ?? notADigit
    if (value === notADigit) return undefined
    bits = (bits << 6) | value
    const spare = (at % 4) * 2
    if (at % 4 !== 0) bytes[written++] = (bits >> (6 - spare)) & 255
  }
  return bytes
}
