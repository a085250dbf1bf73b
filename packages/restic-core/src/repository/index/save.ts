import type { Cancellable } from '../../base/cancel.ts'
import type { IndexId } from '../../base/id.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import { formatIndexFile } from '../../format/index-writer.ts'
import type { RepositoryFiles } from '../files.ts'

/** Writes one index file; resolves once the store has it. */
export function saveIndexFile(
  files: RepositoryFiles,
  columns: IndexColumns,
  options?: Cancellable,
): Promise<IndexId> {
  return files.save('index', formatIndexFile(columns), options)
}
