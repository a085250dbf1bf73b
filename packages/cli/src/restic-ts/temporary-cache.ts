import { randomInt } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenOptions } from 'restic-core'
import { removeCache } from 'restic-core/node'
import { cacheIn } from './cache.ts'
import type { CommandContext } from './command.ts'

/** A cache that begins with nothing in it and goes with the command. */
export interface TemporaryCache extends AsyncDisposable {
  readonly path: string
  readonly cache: NonNullable<OpenOptions['cache']>
}

/**
 * For commands that ask what the store has. Packs of trees are fetched whole, once, and from there:
 * one request for each tree takes the longer the farther away the store is. The cache is where restic
 * has its own: beside the caches that were asked for, or else among the system's temporary files.
 */
export function temporaryCache(context: CommandContext): TemporaryCache | undefined {
  const { cache, cacheDir } = context.globals
  if (!cache) return undefined
  const path = join(cacheDir || tmpdir(), `restic-check-cache-${randomInt(2 ** 47)}`)
  const kept = cacheIn(path, context)
  return {
    path,
    // The index in another form is for those who come back.
    cache: (repository) => ({ ...kept(repository), index: undefined }),
    async [Symbol.asyncDispose]() {
      try {
        await removeCache(path)
      } catch (error) {
        // What the command found is not changed by that.
        context.warn(`unable to remove ${path}: ${String(error)}`)
      }
    },
  }
}
