import { type Cancellable, type IndexedRepository, type PackId, isResticError } from 'restic-core'
import {
  type IndexedPack,
  formatIndexFile,
  headerLengthSize,
  indexColumns,
  open,
  packColumns,
  packLength,
  parseHeaderLength,
  parsePackHeader,
} from 'restic-core/format'

/**
 * Lists in an index what an interrupted push has uploaded, so that it is not sent again. Every pack
 * ends with the list of its blobs; one that no index names and whose list is whole becomes part of
 * the repository. Doing so for a pack that another machine is about to index itself does no harm.
 *
 * @returns how many packs there were; when there are any, the index has to be loaded again
 */
export async function adoptPacks(
  repository: IndexedRepository,
  { signal }: Cancellable = {},
): Promise<number> {
  const indexed = new Set(repository.index.packs())
  const adopted: IndexedPack[] = []
  for await (const { name, size } of repository.listFiles('pack', { signal })) {
    const id = name as PackId
    if (indexed.has(id)) continue
    const pack = await readPackList(repository, id, size, { signal })
    if (pack !== undefined) adopted.push(pack)
  }
  if (adopted.length > 0) {
    const json = formatIndexFile(indexColumns(adopted))
    await repository.files.save('index', json, { signal })
  }
  return adopted.length
}

/** undefined for a pack that is cut short, or damaged, or was removed meanwhile. */
async function readPackList(
  repository: IndexedRepository,
  id: PackId,
  size: number,
  { signal }: Cancellable,
): Promise<IndexedPack | undefined> {
  const what = `pack ${id.slice(0, 8)}`
  const { kernel } = repository.runtime
  try {
    const tail = await repository.readPack(id, {
      signal,
      range: { offset: size - headerLengthSize, length: headerLengthSize },
    })
    const length = parseHeaderLength(tail, size, what)
    const sealed = await repository.readPack(id, {
      signal,
      range: { offset: size - headerLengthSize - length, length },
    })
    const entries = parsePackHeader(open(kernel, repository.masterKey, sealed, what), what)
    return packLength(entries) === size ? { id, blobs: packColumns(entries) } : undefined
  } catch (error) {
    const isUnusable =
      isResticError(error, 'CORRUPT', 'MISSING') ||
      (isResticError(error, 'BACKEND') && error.reason !== 'unavailable')
    if (isUnusable) return undefined
    throw error
  }
}
