import { BackendError, type BackendReason } from 'restic-core/backend'

interface Meaning {
  readonly reason: BackendReason
  readonly permanent: boolean
  readonly hint?: string
}

const full: Meaning = {
  reason: 'full',
  permanent: true,
  hint: 'Make room on the disk of the repository, then run the command again.',
}
const denied: Meaning = {
  reason: 'denied',
  permanent: true,
  hint: 'Check owner and permissions of the repository folder.',
}
const wrongKind: Meaning = {
  reason: 'refused',
  permanent: true,
  hint: 'Something on the path is not what it should be: a file for a folder, or a folder for a file.',
}
const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { reason: 'not-found', permanent: true },
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: full,
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOTDIR: wrongKind,
  EISDIR: wrongKind,
  ELOOP: wrongKind,
}
/** A disk that fails, too many open files, a network share that is away: these may pass. */
const passing: Meaning = { reason: 'unavailable', permanent: false }

/** @param what the file the call was about, as messages name it */
export function asBackendError(error: NodeJS.ErrnoException, what: string): BackendError {
  const { reason, permanent, hint } = meanings[error.code ?? ''] ?? passing
  const text = reason === 'not-found' ? 'does not exist' : error.message
  return new BackendError(`${what}: ${text}`, reason, { permanent, hint, cause: error })
}

/** What the operating system reports, in contrast to errors of ours and to mistakes in programs. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isSystemError(error) && codes.includes(error.code ?? '')
}
