import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import type { OpenOptions } from 'restic-core'
import { removeCache } from 'restic-core/node'
import { cacheFolder, cacheIn } from '../cache.ts'
import type { CommandContext } from '../command.ts'

/** A cache that a check begins with nothing in it and removes at its end. */
export interface TemporaryCache extends AsyncDisposable {
  readonly path: string
  readonly cache: NonNullable<OpenOptions['cache']>
}

/**
 * So the packs of trees are fetched whole, once, and from the store: one request for each tree takes
 * the longer the farther away the store is. Beside the other caches, as restic's; undefined without
 * a place for it.
 */
export function temporaryCache(context: CommandContext): TemporaryCache | undefined {
  const beside = cacheFolder(context)
  if (beside === undefined) return undefined
  const path = join(beside, `restic-check-cache-${randomInt(2 ** 32)}`)
  const kept = cacheIn(path, context)
  return {
    path,
    // The index in another form is for those who come back.
    cache: (repository) => ({ ...kept(repository), index: undefined }),
    [Symbol.asyncDispose]: () => removeCache(path),
  }
}
