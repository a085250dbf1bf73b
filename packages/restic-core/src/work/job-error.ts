import {
  type AnyResticError,
  BackendError,
  CorruptDataError,
  MissingError,
  SourceError,
  TargetError,
  UnsupportedError,
  isResticError,
} from '../base/errors.ts'

/** An error as it crosses to another thread, where classes do not survive. */
export interface JobError {
  readonly code: AnyResticError['code'] | undefined
  readonly message: string
  readonly hint: string | undefined
  readonly stack: string | undefined
  /** The first argument of the class: what is damaged, which path, which reason. */
  readonly what: string
  readonly reason: string
}

export function encodeJobError(error: unknown): JobError {
  const plain = error instanceof Error ? error : new Error(String(error))
  const encoded = { message: plain.message, stack: plain.stack, what: '', reason: '' }
  if (!isResticError(error)) return { ...encoded, code: undefined, hint: undefined }
  const { code, hint } = error
  if (isResticError(error, 'CORRUPT')) {
    return { ...encoded, code, hint, what: error.what, reason: error.check }
  }
  if (isResticError(error, 'SOURCE') || isResticError(error, 'TARGET')) {
    return { ...encoded, code, hint, what: error.path, reason: error.reason }
  }
  if (isResticError(error, 'BACKEND')) return { ...encoded, code, hint, reason: error.reason }
  if (isResticError(error, 'MISSING')) return { ...encoded, code, hint, what: error.what }
  return { ...encoded, code, hint }
}

/** The same error, of the same class, on this side. */
export function decodeJobError(error: JobError): Error {
  const decoded = rebuild(error)
  if (error.stack !== undefined) decoded.stack = error.stack
  return decoded
}

function rebuild({ code, message, hint, what, reason }: JobError): Error {
  switch (code) {
    case 'CORRUPT':
      return new CorruptDataError(what, reason as CorruptDataError['check'], { hint })
    case 'SOURCE':
      return new SourceError(message, what, reason as SourceError['reason'], { hint })
    case 'TARGET':
      return new TargetError(message, what, reason as TargetError['reason'], { hint })
    case 'BACKEND':
      return new BackendError(message, reason as BackendError['reason'], { hint })
    case 'MISSING':
      return new MissingError(what, { hint })
    case 'UNSUPPORTED':
      return new UnsupportedError(message, { hint })
    case 'NO_REPOSITORY':
    case 'WRONG_PASSWORD':
    case 'LOCKED':
    case 'LOCK_LOST':
    case undefined:
      return new Error(message)
  }
}
