import type { IndexId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'

/**
 * Keeps what index files say in the form in which the session uses it: reading that is many times
 * quicker than opening and parsing the files. It may lose anything at any time.
 */
export interface IndexCache {
  /** What an earlier session saved; nothing when there is anything odd about it. Never rejects. */
  load(): Promise<ReadonlyMap<IndexId, IndexColumns>>
  /** Replaces what is kept. Rejects when it cannot, which is no reason to stop. */
  save(files: ReadonlyMap<IndexId, IndexColumns>): Promise<void>
}
