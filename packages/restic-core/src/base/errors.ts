/**
 * Every failure this library throws on purpose. Classes are cut by what the caller can do about
 * them: wait, ask again, run check, give up, look at the network, look at the disk.
 * Programmer mistakes stay TypeError and RangeError; cancellation rejects with `signal.reason`.
 */
export type ResticErrorCode = AnyResticError['code']

interface ErrorDetails {
  /** One sentence a person can act on. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

export abstract class ResticError extends Error {
  abstract readonly code: string
  readonly hint: string | undefined

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.hint = details.hint
    this.name = new.target.name
  }

  /** Survives two copies of this package in one program, where `instanceof` does not. */
  get isResticError(): true {
    return true
  }
}

/** There is no repository at the location: its config file does not exist. */
export class NoRepositoryError extends ResticError {
  override readonly code = 'NO_REPOSITORY'
}

/** No key of the repository opens with the password given. */
export class WrongPasswordError extends ResticError {
  override readonly code = 'WRONG_PASSWORD'
}

/** Who holds a lock, as its lock file tells. */
export interface LockHolder {
  readonly id: string
  readonly time: string
  readonly exclusive: boolean
  readonly hostname: string
  readonly username: string
  readonly pid: number
  readonly uid: number
  readonly gid: number
}

/** Somebody else holds a lock that conflicts; waiting may help. */
export class LockedError extends ResticError {
  override readonly code = 'LOCKED'
  readonly holders: readonly LockHolder[]

  constructor(message: string, holders: readonly LockHolder[], details?: ErrorDetails) {
    super(message, details)
    this.holders = holders
  }
}

/** Our lock vanished or could not be refreshed in time; the work under it was stopped. */
export class LockLostError extends ResticError {
  override readonly code = 'LOCK_LOST'
}

/** Stored bytes failed a check. */
export class CorruptDataError extends ResticError {
  override readonly code = 'CORRUPT'
  /** The thing, as people name it: `pack 1a2b3c4d blob 5e6f7a8b`. */
  readonly what: string
  readonly check: 'mac' | 'hash' | 'length' | 'zstd' | 'json' | 'header' | 'value'

  constructor(what: string, check: CorruptDataError['check'], details: ErrorDetails = {}) {
    super(`${what} is damaged: ${checkTexts[check]}`, {
      hint: 'Check the repository (check --read-data) and repair it from another copy.',
      ...details,
    })
    this.what = what
    this.check = check
  }
}

const checkTexts = {
  mac: 'its authentication code does not match',
  hash: 'its content does not match its name',
  length: 'its length is not what it should be',
  zstd: 'it does not decompress',
  json: 'it is not valid JSON of the expected shape',
  header: 'its header cannot be read',
  value: 'it holds a value that is not allowed',
} as const

/** Something that is referred to is not there: a blob, a pack, a snapshot. */
export class MissingError extends ResticError {
  override readonly code = 'MISSING'
  readonly what: string

  constructor(what: string, details: ErrorDetails & { readonly message?: string } = {}) {
    super(details.message ?? `${what} is missing from the repository`, details)
    this.what = what
  }
}

/** The repository asks for something this library does not know. */
export class UnsupportedError extends ResticError {
  override readonly code = 'UNSUPPORTED'
}

export type BackendReason =
  | 'not-found'
  | 'denied'
  | 'short-read'
  | 'refused'
  | 'full'
  | 'unavailable'

/** A store could not do what was asked. */
export class BackendError extends ResticError {
  override readonly code = 'BACKEND'
  readonly reason: BackendReason
  /** True when the same request can only fail again. The retry layer reads this and nothing else. */
  readonly permanent: boolean

  constructor(
    message: string,
    reason: BackendReason,
    details: ErrorDetails & { readonly permanent?: boolean } = {},
  ) {
    super(message, details)
    this.reason = reason
    this.permanent = details.permanent ?? reason !== 'unavailable'
  }
}

export type FileReason = 'not-found' | 'denied' | 'full' | 'unsafe' | 'changed' | 'io'

/** A file or folder of the source could not be read. */
export class SourceError extends ResticError {
  override readonly code = 'SOURCE'
  readonly path: string
  readonly reason: FileReason

  constructor(message: string, path: string, reason: FileReason, details?: ErrorDetails) {
    super(message, details)
    this.path = path
    this.reason = reason
  }
}

/** A file or folder of the target could not be written. */
export class TargetError extends ResticError {
  override readonly code = 'TARGET'
  readonly path: string
  readonly reason: FileReason

  constructor(message: string, path: string, reason: FileReason, details?: ErrorDetails) {
    super(message, details)
    this.path = path
    this.reason = reason
  }
}

export type AnyResticError =
  | NoRepositoryError
  | WrongPasswordError
  | LockedError
  | LockLostError
  | CorruptDataError
  | MissingError
  | UnsupportedError
  | BackendError
  | SourceError
  | TargetError

/** `if (isResticError(error, 'LOCKED')) error.holders` narrows to the class of the code. */
export function isResticError<C extends ResticErrorCode = ResticErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is Extract<AnyResticError, { code: C }> {
  if (!(error instanceof Error)) return false
  const candidate = error as Partial<AnyResticError> & Error
  if (candidate.isResticError !== true) return false
  return codes.length === 0 || codes.includes(candidate.code as C)
}
