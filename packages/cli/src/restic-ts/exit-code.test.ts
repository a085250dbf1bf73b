import {
  BackendError,
  CorruptDataError,
  LockedError,
  NoRepositoryError,
  WrongPasswordError,
} from 'restic-core'
import { describe, expect, it } from 'vitest'
import { Failure } from '../shared/failure.ts'
import { Interrupted } from '../shared/interrupts.ts'
import { errorText } from './error-text.ts'
import { exitCodeOf } from './exit-code.ts'

describe('what a failure becomes', () => {
  it.each([
    [
      new NoRepositoryError('no config', { hint: 'Is it there?' }),
      10,
      'Fatal: no config\nIs it there?',
    ],
    [new LockedError('locked by PID 7', []), 11, 'locked by PID 7'],
    [new WrongPasswordError('no'), 12, 'Fatal: wrong password or no key found'],
    [new Interrupted('interrupt signal received', 130), 130, 'interrupt signal received'],
    [new Failure('no such file'), 1, 'Fatal: no such file'],
    [new Failure('unknown flag: --x', { isUsage: true }), 1, 'unknown flag: --x'],
    [new BackendError('stat config: 401', 'denied'), 1, 'Fatal: stat config: 401'],
    [
      new TypeError('x is not a function'),
      1,
      'Fatal: unexpected error: TypeError: x is not a function',
    ],
    ['text', 1, 'Fatal: unexpected error: text'],
  ])('%s', (error, code, text) => {
    expect(exitCodeOf(error)).toBe(code)
    expect(errorText(error)).toBe(text)
  })

  it('says what to do about damage', () => {
    expect(errorText(new CorruptDataError('pack 1a2b3c4d', 'hash'))).toMatch(
      /^Fatal: pack 1a2b3c4d is damaged: .*\nCheck the repository/,
    )
  })
})
