import type { OpenOptions } from 'restic-core'
import { defaultCacheFolder, nodeSessionCache, removeCache, unusedCaches } from 'restic-core/node'
import type { CommandContext } from './command.ts'

/** Where caches are kept; undefined with `--no-cache`, and where no place is known. */
export function cacheFolder({ globals, environment }: CommandContext): string | undefined {
  if (!globals.cache) return undefined
  return globals.cacheDir === ''
    ? defaultCacheFolder(environment, process.platform)
    : globals.cacheDir
}

/** The cache on disk that restic uses too, and in it the index as we keep it. */
export function sessionCache(context: CommandContext): OpenOptions['cache'] {
  const folder = cacheFolder(context)
  return folder === undefined ? undefined : cacheIn(folder, context)
}

/** That nothing can be kept there is told once: everything works, and is slower every time. */
export function cacheIn(
  folder: string,
  context: CommandContext,
): NonNullable<OpenOptions['cache']> {
  let isTold = false
  return nodeSessionCache({
    folder,
    onEvent({ problem, error }) {
      if (problem === 'damaged' || isTold) return
      isTold = true
      const reason = error instanceof Error ? error.message : String(error)
      context.warn(`unable to use the cache in ${folder}: ${reason}`)
    },
  })
}

/** With `--cleanup-cache`: caches that nobody used for 30 days go. */
export async function cleanUpCaches(context: CommandContext): Promise<void> {
  const folder = cacheFolder(context)
  if (folder === undefined || !context.globals.cleanupCache) return
  for (const path of await unusedCaches(folder, Date.now())) await removeCache(path)
}
