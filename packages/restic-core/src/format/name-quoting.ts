import { nameFromBytes, nameToBytes, surrogateBytes } from './name.ts'
import { isPrintable } from './nonprintable.ts'

/*
 * In a tree a name is quoted the way Go quotes a string, and that text is then a JSON string: a
 * backslash in a name is four characters there.
 * Source: the documentation of Go's strconv package, Quote and Unquote.
 */

const doubleQuote = 0x22
const backslash = 0x5c
const letterOfCode: ReadonlyMap<number, string> = new Map([
  [7, 'a'],
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [11, 'v'],
  [12, 'f'],
  [13, 'r'],
])

/** The quoted name, without the quotes around it. The result is valid Unicode. */
export function quoteName(name: string): string {
  if (needsNoQuoting(name)) return name
  let quoted = ''
  for (const character of name) quoted += quoteCharacter(character)
  return quoted
}

function needsNoQuoting(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.codePointAt(at) as number
    if (code === doubleQuote || code === backslash || !isPrintable(code)) return false
    if (code > 0xffff) at++
  }
  return true
}

function quoteCharacter(character: string): string {
  const code = character.codePointAt(0) as number
  if (code === doubleQuote || code === backslash) return `\\${character}`
  if (isPrintable(code)) return character
  const letter = letterOfCode.get(code)
  if (letter !== undefined) return `\\${letter}`
  if (code < 0x80) return quoteByte(code)
  if (code >= 0xdc80 && code <= 0xdcff) return quoteByte(code & 0xff)
  if (code >= 0xd800 && code <= 0xdfff) return surrogateBytes(code).map(quoteByte).join('')
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

function quoteByte(byte: number): string {
  return `\\x${hex(byte, 2)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

const codeOfLetter: ReadonlyMap<string, number> = new Map([
  ...Array.from(letterOfCode, ([code, letter]) => [letter, code] as const),
  ['"', doubleQuote],
  ['\\', backslash],
])

/** One escape; or, without a group, a character that may only stand in one. */
const escape =
  /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abtnvfr"\\]))|["\\\n]/g

/**
 * The name that was quoted, or undefined when `quoted` is not what Go's Unquote takes.
 *
 * @param quoted valid Unicode
 */
export function unquoteName(quoted: string): string | undefined {
  let isValid = true
  const unquoted = quoted.replaceAll(escape, (_, ...groups: (string | undefined)[]) => {
    const [byteHex, byteOctal, shortHex, longHex, letter] = groups
    if (byteHex !== undefined) return byteCharacter(parseInt(byteHex, 16))
    if (byteOctal !== undefined) return byteCharacter(parseInt(byteOctal, 8))
    const codeHex = shortHex ?? longHex
    const code = codeHex === undefined ? codeOfLetter.get(letter ?? '') : parseInt(codeHex, 16)
    if (code !== undefined && isCharacter(code)) return String.fromCodePoint(code)
    isValid = false
    return ''
  })
  if (!isValid) return undefined
  // Escaped bytes may be valid UTF-8 together.
  return unquoted.isWellFormed() ? unquoted : nameFromBytes(nameToBytes(unquoted))
}

function byteCharacter(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 | byte)
}

function isCharacter(code: number): boolean {
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
}
