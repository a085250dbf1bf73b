import { expect, it } from 'vitest'
import { decodeText, meaningfulLines } from './decode-text.ts'

const utf16 = Buffer.from('\ufeffpä\u{1f511}', 'utf16le')

it.each([
  ['UTF-8', Buffer.from('pä\u{1f511}')],
  ['UTF-8 with a mark', Buffer.from('\ufeffpä\u{1f511}')],
  ['UTF-16 little-endian', utf16],
  ['UTF-16 big-endian', Buffer.from(utf16).swap16()],
])('decodes %s', (_, bytes) => {
  expect(decodeText(bytes)).toBe('pä\u{1f511}')
})

it('keeps the lines that say something', () => {
  expect(meaningfulLines('# comment\r\n\n  a b \r\n\t#c\nd')).toEqual(['a b', 'd'])
})
