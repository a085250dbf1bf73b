import { toHex } from '../../base/bytes.ts'
import type { Cancellable } from '../../base/cancel.ts'
import { isResticError } from '../../base/errors.ts'
import { type IndexId, type PackId, asId, shortId } from '../../base/id.ts'
import { mapLimited } from '../../base/map-limited.ts'
import type { IndexColumns } from '../../format/index-file.ts'
import type { IndexedRepository, Repository } from '../../repository/api.ts'
import type { CheckOptions } from './check.ts'
import type { Finding } from './findings.ts'

/** How the index files tell of one pack. */
interface PackMentions {
  readonly files: number
  /** how many blobs each of them has in it; undefined when they differ */
  readonly blobs: number | undefined
}

/** Returns the repository with its index, unless an index file is unreadable. */
export async function* checkIndexFiles(
  repository: Repository,
  { signal, onEvent }: CheckOptions,
): AsyncGenerator<Finding, IndexedRepository | undefined> {
  const mentions = new Map<PackId, PackMentions>()
  let indexed: IndexedRepository
  try {
    indexed = await repository.loadIndex({
      signal,
      onEvent: ({ done, total }) => onEvent?.({ type: 'checked', stage: 'index', done, total }),
      onColumns: (columns) => mention(mentions, columns),
    })
  } catch (error) {
    // It names one file; a check names them all.
    if (!isResticError(error, 'CORRUPT', 'MISSING')) throw error
    let found = false
    for await (const finding of unreadableFiles(repository, { signal })) {
      found = true
      yield finding
    }
    if (!found) throw error
    return undefined
  }
  yield* mentionFindings(indexed, mentions)
  return indexed
}

async function* unreadableFiles(
  repository: Repository,
  { signal }: Cancellable,
): AsyncGenerator<Finding, void> {
  const ids: IndexId[] = []
  for await (const { name } of repository.listFiles('index', { signal })) ids.push(asId(name))
  const load = (id: IndexId, stop: AbortSignal) => unreadableFile(repository, id, stop)
  for await (const finding of mapLimited(ids, repository.connections, load, { signal })) {
    if (finding) yield finding
  }
}

async function unreadableFile(
  repository: Repository,
  id: IndexId,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  const { runtime, masterKey: key, config } = repository
  const what = `index/${shortId(id)}`
  try {
    const sealed = await repository.loadRaw('index', id, { signal })
    const input = { key, version: config.version, sealed, what }
    await runtime.pool.run('parseIndex', input, { signal })
    return undefined
  } catch (error) {
    if (!isResticError(error, 'CORRUPT', 'MISSING')) throw error
    return unreadable(id, error)
  }
}

function unreadable(index: IndexId, error: Error): Finding {
  return {
    kind: 'index-unreadable',
    severity: 'error',
    advice: 'repair-index',
    index,
    what: `index ${shortId(index)}`,
    text: error.message,
  }
}

function mention(mentions: Map<PackId, PackMentions>, columns: IndexColumns): void {
  const counts = new Uint32Array(columns.packs.length / 32)
  for (const pack of columns.pack) counts[pack] = (counts[pack] as number) + 1
  for (const [pack, count] of counts.entries()) {
    const id = asId<'pack'>(toHex(columns.packs, pack * 32, pack * 32 + 32))
    const known = mentions.get(id)
    if (known === undefined) mentions.set(id, { files: 1, blobs: count })
    else {
      const blobs = known.blobs === count ? count : undefined
      mentions.set(id, { files: known.files + 1, blobs })
    }
  }
}

/** The loaded index has equal rows once, so a pack has more rows there only if the files disagree. */
function* mentionFindings(
  { index }: IndexedRepository,
  mentions: ReadonlyMap<PackId, PackMentions>,
): Generator<Finding> {
  const { starts } = index.byPack()
  for (let number = 0; number < index.table.packCount; number++) {
    const pack = index.packId(number)
    const { files = 1, blobs } = mentions.get(pack) ?? {}
    if (files === 1) continue
    const what = `pack ${pack}`
    const rows = (starts[number + 1] as number) - (starts[number] as number)
    if (blobs === rows) {
      const text = `it is in ${files} index files`
      yield {
        kind: 'pack-indexed-twice',
        severity: 'hint',
        advice: 'repair-index',
        pack,
        what,
        text,
      }
    } else {
      const text = `${files} index files name it, and do not agree about what is in it`
      yield { kind: 'pack-broken', severity: 'error', pack, what, text }
    }
  }
}
