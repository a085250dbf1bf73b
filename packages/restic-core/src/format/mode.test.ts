import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { modeFromStat, modeText, modeToStat, permissionsToStat, typeFromStat } from './mode.ts'

describe('modes', () => {
  it.each([
    ['dir', 0o040755, 2_147_484_141, 'drwxr-xr-x'],
    ['symlink', 0o120777, 134_218_239, 'Lrwxrwxrwx'],
    ['fifo', 0o010644, 33_554_852, 'prw-r--r--'],
    ['dev', 0o060644, 67_109_284, 'Drw-r--r--'],
    ['chardev', 0o020644, 69_206_436, 'Dcrw-r--r--'],
    ['socket', 0o140600, 2 ** 24 + 0o600, 'Srw-------'],
    ['file', 0o100644, 420, '-rw-r--r--'],
    ['file', 0o100000, 0, '----------'],
    ['file', 0o104755, 8_389_101, 'urwxr-xr-x'],
    ['file', 0o102755, 4_194_797, 'grwxr-xr-x'],
    ['dir', 0o041777, 2_148_532_735, 'dtrwxrwxrwx'],
    ['dir', 0o042750, 2_151_678_440, 'dgrwxr-x---'],
  ])('of a %s: %o', (type, statMode, mode, text) => {
    expect(modeFromStat(statMode)).toBe(mode)
    expect(modeToStat(mode)).toBe(statMode)
    expect(permissionsToStat(mode)).toBe(statMode & 0o7777)
    expect(typeFromStat(statMode)).toBe(type)
    expect(modeText(mode)).toBe(text)
  })

  it('keep permissions and flags of every type', () => {
    const types = [0o10_0000, 0o04_0000, 0o12_0000, 0o06_0000, 0o02_0000, 0o01_0000, 0o14_0000]
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.integer({ min: 0, max: 0o7777 }), (type, bits) => {
        expect(modeToStat(modeFromStat(type | bits))).toBe(type | bits)
      }),
    )
  })

  it('call a type that Unix does not name irregular', () => {
    expect(typeFromStat(0o150644)).toBe('irregular')
    expect(modeFromStat(0o150644)).toBe(2 ** 19 + 0o644)
    expect(modeToStat(2 ** 19 + 0o644)).toBe(0o644)
    expect(modeText(2 ** 19 + 0o644)).toBe('?rw-r--r--')
  })

  it('have letters for the bits restic never stores', () => {
    expect(modeText(2 ** 30 + 2 ** 29 + 2 ** 28)).toBe('alT---------')
  })
})
