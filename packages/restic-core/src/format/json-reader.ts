import { writeHex } from '../base/bytes.ts'
import { CorruptDataError } from '../base/errors.ts'
import { jsonDepthMax } from './json.ts'
import { nameFromBytes } from './name.ts'

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
export const brace = 0x7b
export const bracket = 0x5b
/** From { to } and from [ to ] in ASCII. */
const toClosing = 2

/** The names of an object's members, or the values of a string, that a reader knows. */
export class KnownStrings<Text extends string = string> {
  readonly texts: readonly Text[]
  /** with quotes */
  readonly patterns: readonly Uint8Array[]

  constructor(texts: readonly Text[]) {
    this.texts = texts
    this.patterns = texts.map((text) => new TextEncoder().encode(`"${text}"`))
  }
}

/**
 * Reads JSON from bytes, token by token, without a tree of objects in between. It is for files with
 * many entries, and for numbers that JSON.parse would round. White space may be anywhere; strings
 * follow Go: what is not Unicode reads as U+FFFD.
 *
 *     for (let more = reader.enter(brace); more; more = reader.next(brace)) {
 *       if (reader.member(names) === 'id') id = reader.string()
 *       else reader.skip()
 *     }
 *
 * Every method throws CorruptDataError with check 'json' when the bytes are something else than it
 * reads, and 'value' for a number out of range.
 */
export class JsonReader {
  readonly bytes: Uint8Array
  readonly what: string
  at = 0
  #text: string | undefined
  /** Members mostly come in the order in which a writer always writes them. */
  #expected = 0

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes
    this.what = what
  }

  damaged(check: CorruptDataError['check'] = 'json', cause?: unknown): CorruptDataError {
    return new CorruptDataError(this.what, check, { cause })
  }

  /** The next byte that is not white space, not consumed. Undefined at the end. */
  peek(): number | undefined {
    let byte = this.bytes[this.at]
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      byte = this.bytes[++this.at]
    }
    return byte
  }

  /** Steps into an object or array. @returns false when it is empty; then it is left already */
  enter(opening: typeof brace | typeof bracket): boolean {
    if (this.peek() !== opening) throw this.damaged()
    this.at++
    if (this.peek() !== opening + toClosing) return true
    this.at++
    return false
  }

  /** Steps to the next member or element. @returns false when there is none; then it is left */
  next(opening: typeof brace | typeof bracket): boolean {
    const byte = this.peek()
    this.at++
    if (byte === comma) return true
    if (byte !== opening + toClosing) throw this.damaged()
    return false
  }

  /** The name of a member, also when it is not among `names`. Consumes the colon. */
  member<Text extends string>(names: KnownStrings<Text>): Text | (string & {}) {
    const known = this.#known(names)
    const name = known ?? this.string()
    if (this.peek() !== colon) throw this.damaged()
    this.at++
    return name
  }

  /** A string that should be one of `values`; any other is returned as it is. */
  word<Text extends string>(values: KnownStrings<Text>): Text | (string & {}) {
    return this.#known(values) ?? this.string()
  }

  #known<Text extends string>({ texts, patterns }: KnownStrings<Text>): Text | undefined {
    if (this.peek() !== quote) throw this.damaged()
    const count = texts.length
    let index = this.#expected < count ? this.#expected : 0
    for (let tries = 0; tries < count; tries++) {
      const pattern = patterns[index] as Uint8Array
      const current = index
      index = index + 1 === count ? 0 : index + 1
      if (this.#matches(pattern)) {
        this.#expected = index
        this.at += pattern.length
        return texts[current]
      }
    }
    return undefined
  }

  #matches(pattern: Uint8Array): boolean {
    const { bytes, at } = this
    // The first byte is the quote that was seen already.
    for (let index = 1; index < pattern.length; index++) {
      if (bytes[at + index] !== pattern[index]) return false
    }
    return true
  }

  string(): string {
    if (this.peek() !== quote) throw this.damaged()
    const start = this.at
    const kind = this.#passString()
    if (kind === 'ascii') return this.#slice(start + 1, this.at - 1)
    const text = nameFromBytes(this.bytes.subarray(start + 1, this.at - 1)).toWellFormed()
    if (kind === 'unicode') return text
    try {
      return (JSON.parse(`"${text}"`) as string).toWellFormed()
    } catch (cause) {
      throw this.damaged('json', cause)
    }
  }

  /** A string of 64 hex digits, in lower case. */
  hexId(): string {
    this.peek()
    const start = this.at + 1
    const id = this.string()
    if (this.at - start === 65 && this.#isLowerHex(start)) return id
    if (!anyId.test(id)) throw this.damaged('value')
    return id.toLowerCase()
  }

  #isLowerHex(start: number): boolean {
    let seen = 0
    for (let at = start; at < start + 64; at++)
      seen |= lowerHexValue[this.bytes[at] as number] as number
    return seen <= 15
  }

  /** A string of 64 hex digits, decoded into `target` at `at`. */
  hexBytes(target: Uint8Array, at: number): void {
    if (this.peek() !== quote) throw this.damaged()
    if (!this.#plainHexBytes(target, at)) writeHex(this.hexId(), target, at)
  }

  /** @returns false when there is something else; then nothing is consumed */
  #plainHexBytes(target: Uint8Array, at: number): boolean {
    const { bytes } = this
    const end = this.at + 1 + 64
    if (bytes[end] !== quote) return false
    let seen = 0
    for (let digit = this.at + 1, index = at; digit < end; digit += 2, index++) {
      const high = hexValue[bytes[digit] as number] as number
      const low = hexValue[bytes[digit + 1] as number] as number
      seen |= high | low
      target[index] = (high << 4) | low
    }
    if (seen > 15) return false
    this.at = end + 1
    return true
  }

  /** Moves behind a string. */
  #passString(): 'ascii' | 'unicode' | 'escaped' {
    const { bytes } = this
    let hasEscapes = false
    let seen = 0
    for (let at = this.at + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.at = at + 1
        return hasEscapes ? 'escaped' : seen < 0x80 ? 'ascii' : 'unicode'
      }
      if (byte < 0x20) throw this.damaged()
      seen |= byte
      if (byte === backslash) {
        hasEscapes = true
        at++
      }
    }
    throw this.damaged()
  }

  /** Text of bytes that are all ASCII. */
  #slice(start: number, end: number): string {
    this.#text ??= asciiText(this.bytes)
    return this.#text.slice(start, end)
  }

  /** A whole number from 0 to `max`, which is at most 2^53 - 1. */
  unsigned(max: number): number {
    this.peek()
    const start = this.at
    const value = this.#digits()
    if (value > max) throw this.damaged('value')
    if (this.at - start > 1 && this.bytes[start] === 0x30) throw this.damaged()
    return value
  }

  /** A whole number from 0 to 2^64 - 1. */
  unsigned64(): bigint {
    this.peek()
    const start = this.at
    const rounded = this.#digits()
    if (this.at - start > 1 && this.bytes[start] === 0x30) throw this.damaged()
    if (rounded <= Number.MAX_SAFE_INTEGER) return BigInt(rounded)
    if (rounded > 2 ** 64) throw this.damaged('value')
    const value = BigInt(this.#slice(start, this.at))
    if (value !== BigInt.asUintN(64, value)) throw this.damaged('value')
    return value
  }

  #digits(): number {
    const { bytes } = this
    const start = this.at
    let at = start
    let value = 0
    for (;;) {
      const digit = (bytes[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      at++
    }
    const end = bytes[at]
    const goesOn = end === 0x2e || end === 0x65 || end === 0x45
    if (at === start || goesOn) throw this.damaged()
    this.at = at
    return value
  }

  /** Consumes a null, if there is one. */
  takeNull(): boolean {
    if (this.peek() !== 0x6e) return false
    this.#literal('null')
    return true
  }

  #literal(text: string): void {
    for (let index = 0; index < text.length; index++) {
      if (this.bytes[this.at + index] !== text.charCodeAt(index)) throw this.damaged()
    }
    this.at += text.length
  }

  /** The bytes from `start` to here, in the encoding of names. */
  textSince(start: number): string {
    return nameFromBytes(this.bytes.subarray(start, this.at))
  }

  /** Moves behind any value. */
  skip(depth: number = jsonDepthMax): void {
    const byte = this.peek()
    if (byte === quote) this.string()
    else if (byte === brace || byte === bracket) this.#skipNested(byte, depth - 1)
    else if (byte === 0x74) this.#literal('true')
    else if (byte === 0x66) this.#literal('false')
    else if (byte === 0x6e) this.#literal('null')
    else this.#skipNumber()
  }

  #skipNested(opening: typeof brace | typeof bracket, depth: number): void {
    if (depth < 0) throw this.damaged()
    for (let more = this.enter(opening); more; more = this.next(opening)) {
      if (opening === brace) this.member(noNames)
      this.skip(depth)
    }
  }

  #skipNumber(): void {
    let end = this.at
    while (end < this.bytes.length && isNumberByte(this.bytes[end] as number)) end++
    if (!jsonNumber.test(this.#slice(this.at, end))) throw this.damaged()
    this.at = end
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== undefined) throw this.damaged()
  }
}

/**
 * One character per byte, so that positions are the same in both; right only where bytes are ASCII.
 * One decoding and many slices are faster than many decodings, and a byte over 0x7f makes any
 * decoder slow.
 */
function asciiText(bytes: Uint8Array): string {
  const words = new Uint32Array(Math.ceil(bytes.length / 4))
  const ascii = new Uint8Array(words.buffer, 0, bytes.length)
  ascii.set(bytes)
  for (let index = 0; index < words.length; index++) {
    words[index] = (words[index] as number) & 0x7f7f7f7f
  }
  return new TextDecoder().decode(ascii)
}

/** Values of the digits by their codes; 255 for what is no digit. */
const lowerHexValue = new Uint8Array(256).fill(255)
const hexValue = new Uint8Array(256).fill(255)
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  lowerHexValue[digit.charCodeAt(0)] = value
  hexValue[digit.charCodeAt(0)] = value
  hexValue[digit.toUpperCase().charCodeAt(0)] = value
}
const anyId = /^[0-9a-fA-F]{64}$/

const noNames = new KnownStrings([])
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || '+-.eE'.includes(String.fromCharCode(byte))
}
