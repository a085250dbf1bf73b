import type { Cancellable, Observed } from '../../base/cancel.ts'
import { CorruptDataError } from '../../base/errors.ts'
import { type IndexId, asId } from '../../base/id.ts'
import { mapLimited } from '../../base/map-limited.ts'
import type { FileInfo } from '../../backend/backend.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import { openIndexFile } from '../../work/jobs/parse-index.ts'
import type { IndexEvent, Repository } from '../api.ts'
import { smallFileLabel } from '../files.ts'
import type { IndexCache, IndexFiles } from './index-cache.ts'

type IndexView = Pick<Repository, 'files' | 'connections' | 'runtime' | 'masterKey' | 'config'>

interface LoadFilesOptions extends Cancellable, Observed<IndexEvent> {
  readonly cache?: IndexCache | undefined
}

interface LoadedIndex {
  readonly files: IndexFiles
  /** what the cache had, whether it is listed or not */
  readonly cached: IndexFiles
}

/** Below this much to read, bytes, starting threads takes longer than the work. */
const inlineBytesMax = 2 * 1024 * 1024

/**
 * Reads every index file, those that a cache has from there.
 *
 * @throws MissingError, CorruptDataError naming the file that cannot be read: without it, blobs
 * would seem to be missing
 */
export async function loadIndexFiles(
  view: IndexView,
  { cache, onEvent, signal }: LoadFilesOptions = {},
): Promise<LoadedIndex> {
  const [listed, cached] = await Promise.all([
    listedFiles(view, { signal }),
    cache?.load() ?? noFiles,
  ])
  const files = new Map<IndexId, IndexColumns>()
  const wanted: FileInfo[] = []
  for (const info of listed) {
    const id = asId<'index'>(info.name)
    const columns = cached.get(id)
    if (columns) files.set(id, columns)
    else wanted.push(info)
  }
  const wantedBytes = wanted.reduce((sum, { size }) => sum + size, 0)
  const parse = parser(view, wantedBytes <= inlineBytesMax)
  let done = files.size
  onEvent?.({ type: 'index', done, total: listed.length })
  const read = async ({ name }: FileInfo, loadSignal: AbortSignal): Promise<void> => {
    const id = asId<'index'>(name)
    const sealed = await view.files.loadRaw({ type: 'index', name }, { signal: loadSignal })
    const columns = await parse(id, sealed, loadSignal)
    refuseCompressed(view, id, columns)
    files.set(id, columns)
    onEvent?.({ type: 'index', done: ++done, total: listed.length })
  }
  for await (const _ of mapLimited(wanted, view.connections, read, { signal })) continue
  return { files, cached }
}

const noFiles: IndexFiles = new Map()

async function listedFiles({ files }: IndexView, options: Cancellable): Promise<FileInfo[]> {
  const listed: FileInfo[] = []
  for await (const info of files.list('index', options)) listed.push(info)
  return listed.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function parser(
  { runtime, masterKey: key, config: { version } }: IndexView,
  inline: boolean,
): (id: IndexId, sealed: Uint8Array, signal: AbortSignal) => Promise<IndexColumns> {
  return async (id, sealed, signal) => {
    const what = smallFileLabel({ type: 'index', name: id })
    const input = { key, version, sealed, what }
    return inline
      ? openIndexFile(runtime.kernel, input)
      : runtime.pool.run('parseIndex', input, { signal })
  }
}

/** Version 1 has no compression, so such an entry would not be read as it was written. */
function refuseCompressed({ config }: IndexView, id: IndexId, columns: IndexColumns): void {
  if (config.version === 1 && columns.uncompressedLength.some((length) => length > 0)) {
    throw new CorruptDataError(smallFileLabel({ type: 'index', name: id }), 'value', {
      hint: 'It names compressed blobs, which repositories of version 1 do not have.',
    })
  }
}
