import type { Cancellable } from '../../base/cancel.ts'
import type { IndexId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { RepositoryFiles } from '../files.ts'

export interface SaveIndexOptions extends Cancellable {
  /** The file is made at once, and written when this has resolved: when the packs it names are stored. */
  readonly after?: Promise<unknown> | undefined
}

/** Writes one index file; resolves once the store has it. */
export async function saveIndexFile(
  files: RepositoryFiles,
  columns: IndexColumns,
  { after, signal }: SaveIndexOptions = {},
): Promise<IndexId> {
  const file = await files.sealIndex(columns, { signal })
  await after
  await files.write(file, { signal })
  return file.id
}
