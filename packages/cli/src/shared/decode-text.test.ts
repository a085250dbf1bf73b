import { expect, it } from 'vitest'
import { decodeText, meaningfulLines, trimBlanks } from './decode-text.ts'

const utf16 = Buffer.from('\ufeffpä\u{1f511}', 'utf16le')

it.each([
  ['UTF-8', Buffer.from('pä\u{1f511}')],
  ['UTF-8 with a mark', Buffer.from('\ufeffpä\u{1f511}')],
  ['UTF-16 little-endian', utf16],
  ['UTF-16 big-endian', Buffer.from(utf16).swap16()],
])('decodes %s', (_, bytes) => {
  expect(decodeText(bytes)).toBe('pä\u{1f511}')
})

it('keeps bytes that are no text apart', () => {
  expect(decodeText(Buffer.from([0x61, 0xfe, 0xff, 0x62]))).toBe('a\udcfe\udcffb')
})

it('trims what Go takes for blanks', () => {
  expect(trimBlanks(' \u0085\t\u00a0\ufeffa b\ufeff\u3000\u0085\r\n')).toBe('\ufeffa b\ufeff')
})

it('keeps the lines that say something', () => {
  expect(meaningfulLines('# comment\r\n\n  a b \r\n\t#c\nd')).toEqual(['a b', 'd'])
})
