import type { BackendLayer } from './backend.ts'
import { overriding } from './request.ts'

/** Swallows what would change the store. What was swallowed cannot be read back. */
export function dryRun(): BackendLayer {
  return (inner) =>
    overriding(inner, {
      create: async ({ signal } = {}) => signal?.throwIfAborted(),
      write: async (_file, _body, { signal } = {}) => signal?.throwIfAborted(),
      remove: async (_file, { signal } = {}) => signal?.throwIfAborted(),
    })
}
