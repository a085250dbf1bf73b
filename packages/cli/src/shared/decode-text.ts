import { nameFromBytes } from 'restic-core/format'

/**
 * Text of a file a person wrote: UTF-8, or UTF-16 when a byte order mark says so. The mark is dropped.
 * Other bytes stand in it as in names, so that passwords and patterns of any bytes mean what they
 * mean to restic.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  return nameFromBytes(bytes).replace(/^\ufeff/, '')
}

/** Without the blanks on both ends, as Go counts them: U+0085 is one and U+FEFF is none. */
export function trimBlanks(text: string): string {
  return text.replace(/^(?:[^\S\ufeff]|\u0085)+/, '').replace(/(?:[^\S\ufeff]|\u0085)+$/, '')
}

/** The lines that say something: trimmed, without empty ones and those that start with `#`. */
export function meaningfulLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
