const digits = '0123456789abcdef'
const hexOfByte: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `${digits[byte >> 4]}${digits[byte & 15]}`,
)

/** Lowercase hex, two digits a byte. */
export function toHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = ''
  for (let at = start; at < end; at++) text += hexOfByte[bytes[at] as number]
  return text
}

function digitValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  if (code >= 65 && code <= 70) return code - 55
  return -1
}

/** @throws TypeError when `text` is not an even number of hex digits. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  writeHex(text, bytes, 0)
  return bytes
}

/** Decodes `text` into `target` at `at`, without an allocation. */
export function writeHex(text: string, target: Uint8Array, at: number): void {
  if (text.length % 2 !== 0) throw new TypeError('hex needs an even number of digits')
  for (let index = 0; index < text.length; index += 2) {
    const high = digitValue(text.charCodeAt(index))
    const low = digitValue(text.charCodeAt(index + 1))
    if (high < 0 || low < 0) throw new TypeError('not a hex digit')
    target[at + (index >> 1)] = (high << 4) | low
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(totalLength(parts))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function totalLength(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

/** From here on words are compared, which takes two views of the memory. */
const comparedByWordMin = 1024

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  const isAligned = a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0
  const wordCount = isAligned && a.length >= comparedByWordMin ? a.length >> 2 : 0
  if (wordCount > 0 && !equalWords(a, b, wordCount)) return false
  for (let at = wordCount * 4; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

function equalWords(a: Uint8Array, b: Uint8Array, count: number): boolean {
  const aWords = new Uint32Array(a.buffer, a.byteOffset, count)
  const bWords = new Uint32Array(b.buffer, b.byteOffset, count)
  for (let at = 0; at < count; at++) if (aWords[at] !== bWords[at]) return false
  return true
}

/** Order of the bytes, as in the names of a tree: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] as number) - (b[at] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export const KiB = 1024
export const MiB: number = 1024 * KiB
export const GiB: number = 1024 * MiB
