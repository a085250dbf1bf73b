import { isResticError } from 'restic-core'

/** What `ask` answers of the source; undefined when it cannot be read or is not there. */
export function readable<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (isResticError(error, 'SOURCE')) return undefined
    throw error
  }
}
