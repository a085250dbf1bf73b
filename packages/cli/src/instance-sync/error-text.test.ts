import { SyncError } from '@instance-sync/sync'
import { BackendError, LockedError, NoRepositoryError, WrongPasswordError } from 'restic-core'
import { describe, expect, it } from 'vitest'
import { Failure } from '../shared/failure.ts'
import { Interrupted } from '../shared/interrupts.ts'
import { troubleLine, troubleOf } from './error-text.ts'
import { exitCodeOf } from './exit-code.ts'

describe('failures', () => {
  it.each([
    [new Failure('which state?', { isUsage: true }), 2],
    [new Failure('p is not a folder'), 1],
    [new SyncError('REFUSED', 'nothing was pushed'), 1],
    [new SyncError('BUSY', 'another command works on this folder'), 11],
    [new NoRepositoryError('gone'), 10],
    [new LockedError('locked', []), 11],
    [new WrongPasswordError('no key'), 12],
    [new BackendError('refused', 'denied'), 1],
    [new BackendError('down', 'unavailable'), 21],
    [new Interrupted('interrupt signal received', 130), 130],
    [new TypeError('a mistake of ours'), 1],
  ])('%s ends with %i', (error, code) => {
    expect(exitCodeOf(error)).toBe(code)
  })

  it('are told in one line, with what to do', () => {
    const error = new SyncError('NO_SPACE', 'the disk has\n  3 MiB free', { hint: 'Make room.' })
    expect(troubleLine(troubleOf(error))).toBe(
      'instance-sync: the disk has; 3 MiB free. Make room.',
    )
    expect(troubleLine(troubleOf(new Failure('p is not a folder')))).toBe(
      'instance-sync: p is not a folder',
    )
  })
})
