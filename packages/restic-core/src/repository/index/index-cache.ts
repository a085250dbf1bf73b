import type { IndexId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'

export type IndexFiles = ReadonlyMap<IndexId, IndexColumns>

/**
 * Keeps what index files say in the form in which the session uses it: reading that is many times
 * quicker than opening and parsing the files. It may lose anything at any time.
 */
export interface IndexCache {
  /** What an earlier session saved; nothing when there is anything odd about it. Never rejects. */
  load(): Promise<IndexFiles>
  /** Replaces what is kept. Rejects when it cannot, which is no reason to stop. */
  save(files: IndexFiles): Promise<void>
}

/** Files the cache lacks are read one by one; as long as they are few, that is quicker than saving. */
const filesLackingMax = 32
/** Parts of all blobs that may be lacking, and that may be kept in vain. */
const lackingRatioMax = 1 / 8
const staleRatioMax = 1 / 2

/** Whether what is kept differs so much from what there is that saving all of it anew pays. */
export function isWorthSaving(current: IndexFiles, kept: IndexFiles): boolean {
  const total = blobCount(current.values())
  const lacking = [...current].filter(([id]) => !kept.has(id)).map(([, columns]) => columns)
  const stale = [...kept].filter(([id]) => !current.has(id)).map(([, columns]) => columns)
  return (
    lacking.length > filesLackingMax ||
    blobCount(lacking) > total * lackingRatioMax ||
    blobCount(stale) > total * staleRatioMax
  )
}

function blobCount(files: Iterable<IndexColumns>): number {
  let count = 0
  for (const { ids } of files) count += ids.length / 32
  return count
}
