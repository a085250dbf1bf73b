import { isResticError } from 'restic-core'
import { Interrupted } from '../shared/interrupts.ts'

/**
 * | code | meaning |
 * | --- | --- |
 * | 0 | done |
 * | 1 | failed, or `check` found damage |
 * | 3 | a snapshot was written, but some source could not be read |
 * | 10 | there is no repository |
 * | 11 | somebody else holds a lock |
 * | 12 | wrong password |
 * | 130 | ended by a signal |
 * | 141 | the reader of the output has gone |
 */
export type ExitCode = 0 | 1 | 3 | 10 | 11 | 12 | 130 | 141

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return error.exitCode
  if (!isResticError(error)) return 1
  switch (error.code) {
    case 'NO_REPOSITORY':
      return 10
    case 'LOCKED':
      return 11
    case 'WRONG_PASSWORD':
      return 12
    case 'LOCK_LOST':
    case 'CORRUPT':
    case 'MISSING':
    case 'UNSUPPORTED':
    case 'BACKEND':
    case 'SOURCE':
    case 'TARGET':
      return 1
  }
}
