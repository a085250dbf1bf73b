/**
 * What goes wrong in a synced folder itself. What goes wrong in the repository or on the way to it
 * is a ResticError; a conflict, a folder that is not enabled and a server out of reach are results.
 */
export type SyncErrorCode =
  /** sync.json, the token, scope.json or the address cannot be used as they are */
  | 'SETTINGS'
  /** another command works on this folder and did not end in time */
  | 'BUSY'
  /** a guard stopped it: the folder looks emptied or shrunk by accident */
  | 'REFUSED'
  /** names that cannot stand on this file system; `paths` has them */
  | 'NAMES'
  /** the disk has not enough room */
  | 'NO_SPACE'
  /** files changed or are held open while they were to be replaced */
  | 'IN_USE'
  /** what is asked for does not exist: a snapshot, a path, something to undo */
  | 'NOT_FOUND'

export interface SyncErrorDetails {
  /** One sentence a person can act on. */
  readonly hint?: string | undefined
  /** The paths it is about, relative to the pack folder. */
  readonly paths?: readonly string[]
  readonly cause?: unknown
}

/** The folder is as it was before the command. */
export class SyncError extends Error {
  readonly code: SyncErrorCode
  readonly hint: string | undefined
  readonly paths: readonly string[]

  constructor(code: SyncErrorCode, message: string, details: SyncErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'SyncError'
    this.code = code
    this.hint = details.hint
    this.paths = details.paths ?? []
  }

  /** Survives two copies of this package in one program, where `instanceof` does not. */
  get isSyncError(): true {
    return true
  }
}

export function isSyncError(
  error: unknown,
  ...codes: readonly SyncErrorCode[]
): error is SyncError {
  if (!(error instanceof Error)) return false
  const candidate = error as Partial<SyncError> & Error
  if (candidate.isSyncError !== true) return false
  return codes.length === 0 || codes.includes(candidate.code as SyncErrorCode)
}
