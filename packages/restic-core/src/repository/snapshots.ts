import type { Cancellable } from '../base/cancel.ts'
import { MissingError } from '../base/errors.ts'
import { type SnapshotId, asId, isId } from '../base/id.ts'
import { mapLimited } from '../base/map-limited.ts'
import { type Snapshot, parseSnapshot } from '../format/snapshot.ts'
import { parseTime } from '../format/time.ts'
import type { SnapshotFilter, StoredSnapshot } from './api.ts'
import { type RepositoryFiles, smallFileLabel } from './files.ts'

export interface ListSnapshotsOptions extends Cancellable {
  /** Takes what cannot be read; without it the listing rejects. */
  readonly onDamaged?: ((id: SnapshotId, error: Error) => void) | undefined
}

interface SnapshotView {
  readonly files: RepositoryFiles
  readonly connections: number
}

export async function* listSnapshots(
  { files, connections }: SnapshotView,
  { onDamaged, ...options }: ListSnapshotsOptions = {},
): AsyncGenerator<StoredSnapshot, void> {
  const ids = await snapshotIds(files, options)
  const load = async (id: SnapshotId, signal: AbortSignal): Promise<StoredSnapshot | undefined> => {
    try {
      return await loadSnapshot(files, id, { signal })
    } catch (error) {
      if (!onDamaged || signal.aborted) throw error
      onDamaged(id, error as Error)
      return undefined
    }
  }
  for await (const snapshot of mapLimited(ids, connections, load, options)) {
    if (snapshot) yield snapshot
  }
}

export async function loadSnapshot(
  files: RepositoryFiles,
  id: SnapshotId,
  options?: Cancellable,
): Promise<StoredSnapshot> {
  const json = await files.load('snapshot', id, options)
  return { ...parseSnapshot(json, smallFileLabel({ type: 'snapshot', name: id })), id }
}

/**
 * By id, the beginning of an id, or `latest`: the newest that `filter` lets through.
 *
 * @throws MissingError when there is none, or more than one with that beginning
 */
export async function findSnapshot(
  view: SnapshotView,
  text: string,
  filter: SnapshotFilter = {},
  options: Cancellable = {},
): Promise<StoredSnapshot> {
  if (text === 'latest') {
    const latest = newest(await matching(view, filter, options))
    if (!latest) throw new MissingError('snapshot', { message: 'no snapshot found' })
    return latest
  }
  const id = isId<'snapshot'>(text) ? text : await idWithPrefix(view.files, text, options)
  return loadSnapshot(view.files, id, options)
}

async function matching(
  view: SnapshotView,
  filter: SnapshotFilter,
  options: Cancellable,
): Promise<StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for await (const snapshot of listSnapshots(view, options)) {
    if (matchesFilter(snapshot, filter)) found.push(snapshot)
  }
  return found
}

/** Of equal times the later listed. */
export function newest<S extends Pick<Snapshot, 'time'>>(snapshots: Iterable<S>): S | undefined {
  let latest: { readonly snapshot: S; readonly time: bigint } | undefined
  for (const snapshot of snapshots) {
    const time = parseTime(snapshot.time)
    if (!latest || time >= latest.time) latest = { snapshot, time }
  }
  return latest?.snapshot
}

export function matchesFilter(
  snapshot: Pick<Snapshot, 'hostname' | 'tags' | 'paths'>,
  { hosts = [], tagLists = [], paths = [] }: SnapshotFilter,
): boolean {
  const onHost = hosts.length === 0 || hosts.includes(snapshot.hostname)
  const tagged = tagLists.length === 0 || tagLists.some((tags) => hasTags(snapshot.tags, tags))
  return onHost && tagged && paths.every((path) => snapshot.paths.includes(path))
}

/** All of `wanted`; an empty list or tag wants a snapshot without tags. */
function hasTags(tags: readonly string[], wanted: readonly string[]): boolean {
  if (tags.length === 0) return wanted.every((tag) => tag === '')
  return wanted.length > 0 && wanted.every((tag) => tags.includes(tag))
}

async function idWithPrefix(
  files: RepositoryFiles,
  prefix: string,
  options: Cancellable,
): Promise<SnapshotId> {
  const found = (await snapshotIds(files, options)).filter((id) => id.startsWith(prefix))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const quoted = JSON.stringify(prefix)
  if (found.length === 0) {
    const message = `no matching ID found for prefix ${quoted}`
    throw new MissingError(`snapshot ${prefix}`, { message })
  }
  throw new MissingError(`snapshot ${prefix}`, {
    message: `multiple IDs with prefix ${quoted} found`,
    hint: 'Give more digits of the id.',
  })
}

async function snapshotIds(files: RepositoryFiles, options: Cancellable): Promise<SnapshotId[]> {
  const ids: SnapshotId[] = []
  for await (const { name } of files.list('snapshot', options)) ids.push(asId<'snapshot'>(name))
  return ids
}
