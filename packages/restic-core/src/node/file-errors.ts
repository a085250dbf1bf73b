import { type FileReason, SourceError, TargetError, isResticError } from '../base/errors.ts'

const meanings: Readonly<Record<string, { readonly reason: FileReason; readonly text: string }>> = {
  ENOENT: { reason: 'not-found', text: 'it does not exist' },
  ENOTDIR: { reason: 'not-found', text: 'what should be a directory is none' },
  EACCES: { reason: 'denied', text: 'permission denied' },
  EPERM: { reason: 'denied', text: 'the system does not permit it' },
  EROFS: { reason: 'denied', text: 'the file system is read-only' },
  ENOSPC: { reason: 'full', text: 'no space is left' },
  EDQUOT: { reason: 'full', text: 'the quota is used up' },
  // What O_NOFOLLOW says of a symlink.
  ELOOP: { reason: 'unsafe', text: 'it is a symlink' },
  EEXIST: { reason: 'changed', text: 'something is there already' },
  ENOTEMPTY: { reason: 'changed', text: 'the directory is not empty' },
}

/** The system's name for what went wrong, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** @param action what could not be done, as in `cannot read /a/b` */
export function sourceError(action: string, path: string, error: unknown): SourceError {
  if (isResticError(error, 'SOURCE')) return error
  const { message, reason } = describe(action, path, error)
  return new SourceError(message, path, reason, { cause: error })
}

/** @param action what could not be done, as in `cannot write /a/b` */
export function targetError(action: string, path: string, error: unknown): TargetError {
  if (isResticError(error, 'TARGET')) return error
  const { message, reason } = describe(action, path, error)
  const hint =
    reason === 'full' ? 'Free space on the disk of the target, or choose another one.' : undefined
  return new TargetError(message, path, reason, { cause: error, hint })
}

function describe(
  action: string,
  path: string,
  error: unknown,
): { readonly message: string; readonly reason: FileReason } {
  const code = systemCode(error)
  if (code === undefined) throw error
  const { reason, text } = meanings[code] ?? { reason: 'io', text: 'the system refused' }
  return { message: `cannot ${action} ${path}: ${text} (${code})`, reason }
}
