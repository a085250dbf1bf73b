import { isSyncError } from '@instance-sync/sync'
import { isResticError } from 'restic-core'
import { Failure } from '../shared/failure.ts'
import { Interrupted } from '../shared/interrupts.ts'

/** What went wrong, and what a person can do about it. */
interface Trouble {
  readonly message: string
  readonly hint: string | undefined
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof Interrupted) {
    return { message: error.message, hint: 'It is safe to run the command again.' }
  }
  if (error instanceof Failure) return { message: error.message, hint: undefined }
  if (isResticError(error, 'WRONG_PASSWORD')) {
    return { message: 'wrong password', hint: error.hint ?? wrongPasswordHint }
  }
  if (isSyncError(error) || isResticError(error)) {
    return { message: error.message, hint: error.hint }
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { message: `unexpected error: ${text}`, hint: 'Set DEBUG=1 to see where it comes from.' }
}

const wrongPasswordHint =
  'Check the token; a repository with a password of its own wants --repo-password-file.'

/** One line: the message and, as a second sentence, the hint. */
export function troubleLine({ message, hint }: Trouble): string {
  const text = message.replaceAll(/\s*\n\s*/g, '; ')
  if (hint === undefined) return `instance-sync: ${text}`
  return `instance-sync: ${text}${/[.!?]$/.test(text) ? '' : '.'} ${hint}`
}
