import { type PullReport, isSyncError } from '@instance-sync/sync'
import { isResticError } from 'restic-core'
import { Failure } from '../shared/failure.ts'
import { Interrupted } from '../shared/interrupts.ts'

/**
 * | code | meaning |
 * | --- | --- |
 * | 0 | done, nothing to do, not opted in, or offline and allowed |
 * | 1 | failed; the folder is as it was |
 * | 2 | wrong usage |
 * | 3 | pushed, but some files could not be read |
 * | 10 | there is no repository |
 * | 11 | somebody else holds the folder or the repository |
 * | 12 | wrong password |
 * | 20 | conflict, nothing overwritten |
 * | 21 | offline, and the command needs the server or `--require-online` was given |
 * | 130 | interrupted; safe to run again |
 * | 141 | the reader of the output has gone |
 *
 * `run` ends as the command it ran.
 */
export type ExitCode = number

/** Of a command that ended with a report. */
export function outcomeExitCode(
  outcome: PullReport['outcome'],
  { requireOnline }: { readonly requireOnline: boolean },
): ExitCode {
  if (outcome === 'conflict') return 20
  return outcome === 'offline' && requireOnline ? 21 : 0
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof Failure) return error.isUsage ? 2 : 1
  if (isSyncError(error)) return error.code === 'BUSY' ? 11 : 1
  if (!isResticError(error)) return 1
  switch (error.code) {
    case 'NO_REPOSITORY':
      return 10
    case 'LOCKED':
      return 11
    case 'WRONG_PASSWORD':
      return 12
    case 'BACKEND':
      return error.reason === 'unavailable' ? 21 : 1
    case 'LOCK_LOST':
    case 'CORRUPT':
    case 'MISSING':
    case 'UNSUPPORTED':
    case 'SOURCE':
    case 'TARGET':
      return 1
  }
}
