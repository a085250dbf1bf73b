/**
 * The repository format in pure TypeScript: `openRepository`, `initRepository`, and the verbs that
 * work on what they return.
 */
export { isResticError } from './base/errors.ts'
