import type { Screen } from '../shared/screen.ts'
import { troubleLine, troubleOf } from './error-text.ts'
import { type ExitCode, exitCodeOf } from './exit-code.ts'

/** Prints what went wrong to standard error, and says how the program ends because of it. */
export function reportTrouble(error: unknown, screen: Screen, json: boolean): ExitCode {
  const code = exitCodeOf(error)
  const trouble = troubleOf(error)
  screen.clearStatus()
  // Nobody is there any more to read it.
  if (code === 141) return code
  if (json) screen.printError(JSON.stringify({ message_type: 'exit_error', code, ...trouble }))
  else screen.printError(troubleLine(trouble))
  return code
}
