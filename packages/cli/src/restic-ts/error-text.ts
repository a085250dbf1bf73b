import { isResticError } from 'restic-core'
import { Failure } from '../shared/failure.ts'
import { Interrupted } from '../shared/interrupts.ts'

/** What the user reads last when a command failed; restic's own words where a program may match them. */
export function errorText(error: unknown): string {
  if (error instanceof Interrupted) return error.message
  if (error instanceof Failure) return error.isUsage ? error.message : `Fatal: ${error.message}`
  if (!isResticError(error)) return `Fatal: unexpected error: ${messageOf(error)}`
  if (isResticError(error, 'WRONG_PASSWORD')) return 'Fatal: wrong password or no key found'
  if (isResticError(error, 'LOCKED')) return error.message
  const lines = [`Fatal: ${error.message}`, error.hint]
  return lines.filter((line) => line !== undefined).join('\n')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
