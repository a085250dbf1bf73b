import { join } from 'node:path'
import type { RepositoryId } from '../base/id.ts'
import type { CacheEvent, CacheStore } from '../backend/cache.ts'
import type { Observed } from '../base/cancel.ts'
import type { SessionCache } from '../repository/api.ts'
import { openDiskCache } from './disk-cache.ts'
import { nodeIndexCache } from './index-cache.ts'

/**
 * What `openRepository` takes as `cache`: copies of files where restic keeps its own, which both
 * use, and beside them the index as a session has it in memory.
 *
 * @param options.folder holds the caches of all repositories; `defaultCacheFolder` is restic's
 */
export function nodeSessionCache({
  folder,
  onEvent,
}: { readonly folder: string } & Observed<CacheEvent>): (repository: RepositoryId) => SessionCache {
  return (repository) => ({
    files: openedOnUse(() => openDiskCache({ folder, repository })),
    index: nodeIndexCache(join(folder, repository, 'index-columns')),
    onEvent,
  })
}

/** Opening a cache takes a while, and may fail like any other use of it. */
function openedOnUse(open: () => Promise<CacheStore>): CacheStore {
  let opened: Promise<CacheStore> | undefined
  const store = (): Promise<CacheStore> => (opened ??= open())
  return {
    get: async (...args) => (await store()).get(...args),
    put: async (...args) => (await store()).put(...args),
    remove: async (...args) => (await store()).remove(...args),
    list: async (...args) => (await store()).list(...args),
  }
}
