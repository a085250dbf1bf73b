import { compareBytes } from '../base/bytes.ts'

/*
 * A name in a tree is any bytes. Here it is a string: valid UTF-8 is decoded, and each other byte
 * stands as the lone surrogate U+DC80 to U+DCFF whose low eight bits it is. Nothing is lost, and
 * most names are what they look like. (Python calls this surrogateescape.)
 */

const escapeBase = 0xdc00
const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

export function nameFromBytes(bytes: Uint8Array): string {
  // For a short name a call of the decoder costs more than the decoding.
  if (bytes.length > shortLength) {
    try {
      return decoder.decode(bytes)
    } catch {
      // Some byte is to be escaped.
    }
  }
  let name = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    name += length === 0 ? escapeByte(bytes[at] as number) : characterAt(bytes, at, length)
    at += length || 1
  }
  return name
}

const shortLength = 64

function escapeByte(byte: number): string {
  return String.fromCharCode(escapeBase | byte)
}

/** @param length of the sequence, from `sequenceLength` */
function characterAt(bytes: Uint8Array, at: number, length: number): string {
  const first = bytes[at] as number
  if (length === 1) return String.fromCharCode(first)
  // The first byte has a one for each byte of the sequence, a zero, and then the highest bits.
  let code = first & (0x7f >> length)
  for (let index = at + 1; index < at + length; index++) {
    code = (code << 6) | ((bytes[index] as number) & 0x3f)
  }
  return String.fromCodePoint(code)
}

/** A surrogate that stands for no byte, as Windows allows in names, is encoded like other characters. */
export function nameToBytes(name: string): Uint8Array {
  if (name.isWellFormed()) return encoder.encode(name)
  const bytes = new Uint8Array(name.length * 3)
  let at = 0
  for (const character of name) {
    const code = character.codePointAt(0) as number
    if (code < 0xd800 || code > 0xdfff) {
      at += encoder.encodeInto(character, bytes.subarray(at)).written
    } else if (code >= escapeBase + 0x80 && code <= escapeBase + 0xff) bytes[at++] = code & 0xff
    else {
      bytes.set(surrogateBytes(code), at)
      at += 3
    }
  }
  return bytes.slice(0, at)
}

/** What UTF-8 would be if it allowed surrogates. Read back, it is three bytes that are not UTF-8. */
export function surrogateBytes(code: number): [number, number, number] {
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
}

/** The order of nodes in a tree, which is that of the names' bytes. */
export function compareNames(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    // From U+D800 on the order of UTF-16 is not the order of the bytes.
    if (left < 0xd800 && right < 0xd800) return left - right
    return compareBytes(nameToBytes(a), nameToBytes(b))
  }
  return a.length - b.length
}

/**
 * Bytes of the UTF-8 sequence at `at`, or 0 when there is none. Strict, as Unicode wants: no longer
 * form than needed, no surrogates, nothing above U+10FFFF.
 */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  const second = bytes[at + 1] ?? 0
  if (first < 0xc2 || first > 0xf4 || (second & 0xc0) !== 0x80) return 0
  if (first < 0xe0) return 2
  if (((bytes[at + 2] ?? 0) & 0xc0) !== 0x80) return 0
  if (first < 0xf0) {
    const isOverlong = first === 0xe0 && second < 0xa0
    const isSurrogate = first === 0xed && second >= 0xa0
    return isOverlong || isSurrogate ? 0 : 3
  }
  if (((bytes[at + 3] ?? 0) & 0xc0) !== 0x80) return 0
  const isOverlong = first === 0xf0 && second < 0x90
  const isTooLarge = first === 0xf4 && second >= 0x90
  return isOverlong || isTooLarge ? 0 : 4
}

const windowsReserved =
  /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?:[. ]|$)/i
// oxlint-disable-next-line no-control-regex -- control characters are what Windows forbids
const windowsForbidden = /[\0-\x1f<>:"/\\|?*\p{Cs}]|[. ]$/u

/**
 * Whether a name may become the name of a file below a target. Trees are written by whoever has the
 * password, and a name such as `..` must not lead out of the target.
 *
 * @param forWindows also refuse what Windows takes for something else: devices, streams, separators
 */
export function isSafeName(name: string, forWindows = false): boolean {
  if (name === '' || name === '.' || name === '..') return false
  if (name.includes('/') || name.includes('\0')) return false
  return !forWindows || !(windowsForbidden.test(name) || windowsReserved.test(name))
}
