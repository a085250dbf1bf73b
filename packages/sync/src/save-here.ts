import {
  type IndexedRepository,
  MissingError,
  type SnapshotId,
  type TreeId,
  type WritingOptions,
} from 'restic-core'
import { formatTime } from 'restic-core/format'
import { topOf } from './files/folder-files.ts'
import { SyncError } from './errors.ts'
import { type Look, contentOptions, finishLook, requestsOf, lookForStoring } from './here.ts'
import type { Lineage } from './lineage/lineage.ts'
import { partialTag, settlesTag, sideTag, syncTag } from './lineage/marks.ts'
import { type Seen, mergedSeen, withPush } from './lineage/seen.ts'
import { assumeUnread } from './plan/merge.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { outOfScope, sealSnapshot, storeState } from './remote/save-state.ts'
import { storeContents } from './remote/store-contents.ts'
import type { Session } from './session.ts'
import type { Base } from './state/folder-state.ts'
import { type Entries, fileCount, sameEntries, totalSize } from './tree/entry.ts'
import { fingerprint } from './tree/fingerprint.ts'
import { type RepositoryState, noState } from './tree/repository-state.ts'

/** What a snapshot's summary counts. */
type Added = Parameters<typeof sealSnapshot>[1]['added']

/** How a state is recorded in the history. */
export interface Record {
  readonly parent: SnapshotId | undefined
  readonly settles: readonly SnapshotId[]
  /** stored only so that it is not lost */
  readonly isSide: boolean
}

export interface StoreOptions {
  /** the state of the base: what cannot be read is taken for what it was */
  readonly base: RepositoryState | undefined
  /** Store nothing when what is here equals the base. */
  readonly onlyIfChanged: boolean
  readonly signal: AbortSignal
}

export interface SaveOptions extends StoreOptions {
  readonly lineage: Lineage<HistorySnapshot>
  readonly record: Record
}

interface Here {
  readonly entries: Entries
  /** files that could not be read, or changed while they were read */
  readonly problems: readonly string[]
}

/** The state that is here: its files and trees, and no snapshot of it. */
interface StoredHere extends Here {
  /** undefined when nothing had changed */
  readonly tree: TreeId | undefined
  readonly added: Added
}

export interface SavedHere extends Here {
  /** undefined when nothing had changed, or the state is in the history already */
  readonly snapshot: SnapshotId | undefined
}

/** Pushes what is here. Unless it is stored aside, the folder's base is that snapshot afterwards. */
export async function saveHere(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  options: SaveOptions,
): Promise<SavedHere> {
  const { base = noState, lineage, record, signal } = options
  const startNs = session.runtime.clock.nowNs()
  // Before anything of it is stored, so that the next push makes use of what this one may leave behind.
  await using noted = settled(record.isSide ? session.mayWrite : session.update({ push: {} }))
  const { mayWrite } = noted
  const stored = await storeHere(session, look, repository, options, { mayWrite })
  await mayWrite
  const { entries, problems, tree, added } = stored
  const isKnown = tree === undefined || (record.isSide && (await hasTree(session, tree, signal)))
  if (isKnown) return { snapshot: undefined, entries, problems }
  const input = {
    tree,
    record,
    entries,
    before: base.entries,
    added,
    startNs,
    isPartial: problems.length > 0,
  }
  const { snapshot } = await saveSnapshot(session, repository, lineage, input)
  return { snapshot, entries, problems }
}

/**
 * Stores what is here so that it is not lost; the state of the history stays what it is.
 *
 * @param going paths of what will be replaced or removed
 * @returns undefined when the history has it already
 * @throws SyncError 'REFUSED', when something of that could not be stored
 */
export async function storeAside(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  options: Omit<SaveOptions, 'record' | 'onlyIfChanged'>,
  going: Iterable<string>,
): Promise<SnapshotId | undefined> {
  const { snapshot, problems } = await saveHere(session, look, repository, {
    ...options,
    record: { parent: session.state.base?.snapshot, settles: [], isSide: true },
    onlyIfChanged: true,
  })
  const unread = new Set(problems)
  const paths = [...going].filter((path) => unread.has(path))
  if (paths.length === 0) return snapshot
  throw new SyncError('REFUSED', `${paths[0]} would be replaced, and could not be stored first`, {
    hint: 'Close what uses it, make it readable, or move it away, and run the command again.',
    paths,
  })
}

/** Reads what is here, and stores it unless that is only to be tried. */
export async function storeHere(
  session: Session,
  look: Look,
  repository: IndexedRepository,
  options: StoreOptions,
  how: Pick<WritingOptions, 'mayWrite' | 'dryRun'>,
): Promise<StoredHere> {
  const { base = noState, onlyIfChanged, signal } = options
  const usable = lookForStoring(look, repository)
  const requests = requestsOf(usable)
  return repository.writing(
    async (blobs) => {
      const reading = contentOptions(session, usable)
      const contents = await storeContents(blobs, session.runtime, requests, reading)
      const here = await finishLook(session, usable, repository, contents)
      const entries = assumeUnread(here.entries, base.entries)
      const problems = problemsOf(here.entries, here.unstable)
      if (onlyIfChanged && sameEntries(entries, base.entries)) {
        return { entries, problems, tree: undefined, added: blobs.added }
      }
      const isInScope = (path: string): boolean => session.scope.includes(path, false)
      const all = new Map([...outOfScope(base, isInScope), ...entries])
      const sources = {
        states: [base],
        source: session.platform.source(),
        root: session.files.root,
      }
      const tree = await storeState(blobs, repository, all, sources)
      return { entries, problems, tree, added: blobs.added }
    },
    { ...how, signal, onEvent: ({ bytes }) => session.tell({ type: 'sent', bytes }) },
  )
}

/** What is waited for in any case: a state that is written when the command is over would be another's. */
function settled(mayWrite: Promise<void>): AsyncDisposable & { readonly mayWrite: Promise<void> } {
  // Whoever waits for it hears of its failure; perhaps nobody does.
  const ended = mayWrite.catch(() => undefined)
  return { mayWrite, [Symbol.asyncDispose]: () => ended }
}

function problemsOf(entries: Entries, unstable: readonly string[]): string[] {
  const unread = [...entries].filter(([, entry]) => entry.type === 'unreadable')
  return [...unread.map(([path]) => path), ...unstable].toSorted()
}

/** As the store has it now: an operator may have forgotten states since the command began. */
async function hasTree({ remote }: Session, tree: TreeId, signal: AbortSignal): Promise<boolean> {
  const { snapshots } = await remote.history({ signal })
  return [...snapshots].some((one) => one.tree === tree)
}

export interface SaveSnapshotInput {
  readonly tree: TreeId
  readonly record: Record
  readonly entries: Entries
  readonly before: Entries
  readonly added: Added
  readonly startNs: bigint
  readonly isPartial: boolean
  /** false: the folder is not equal to it yet */
  readonly isHere?: boolean
}

/**
 * Stores a snapshot. Its id is noted in the folder before anybody can see it, so that a crash right
 * after the last request does not make the folder a stranger to its own push.
 */
export async function saveSnapshot(
  session: Session,
  repository: IndexedRepository,
  lineage: Lineage<HistorySnapshot>,
  input: SaveSnapshotInput,
): Promise<Base> {
  const { tree, record, entries, isHere = true } = input
  assertStored(repository, entries)
  await session.mayWrite
  const { parent, isSide } = record
  const tags = tagsOf(record, input.isPartial)
  const device = session.device(lineage)
  const seen = isSide ? undefined : seenWith(session, lineage, record, device.id)
  const sealed = sealSnapshot(repository, {
    ...input,
    parent,
    tags,
    seen,
    packFolder: session.files.root,
    hostname: session.host,
    after: entries,
  })
  const base = baseFor(session, sealed.id, tree, entries, seen)
  if (!isSide) await session.update({ device, ...(isHere && { push: { base } }) })
  await repository.files.write(sealed, { signal: session.signal })
  if (!isSide && isHere) await session.setBase(base)
  await session.remote.noteStored({
    id: sealed.id,
    tree,
    parent,
    tags,
    seen,
    time: formatTime(input.startNs, session.runtime.clock),
    hostname: session.host,
    paths: [session.files.root],
    files: fileCount(entries),
    bytes: totalSize(entries),
  })
  return base
}

/** What `saveSnapshot` would add to the history; it has no id before it is sealed. */
export function foreseenSnapshot(
  session: Session,
  lineage: Lineage<HistorySnapshot>,
  record: Record,
  tree: TreeId,
): HistorySnapshot {
  return {
    id: '' as SnapshotId,
    tree,
    parent: record.parent,
    tags: tagsOf(record, false),
    seen: seenWith(session, lineage, record, session.device(lineage).id),
    time: session.now(),
    hostname: session.host,
    paths: [session.files.root],
  }
}

/** A snapshot that names what is not stored would be worse than none. */
function assertStored({ index }: IndexedRepository, entries: Entries): void {
  for (const [path, entry] of entries) {
    if (entry.type !== 'file' || entry.content.every((id) => index.has('data', id))) continue
    throw new MissingError(`content of ${path}`)
  }
}

export function baseFor(
  { scopeId, runtime }: Session,
  snapshot: SnapshotId,
  tree: TreeId,
  entries: Entries,
  seen: Seen | undefined,
): Base {
  const content = fingerprint(entries, runtime.kernel)
  const top = [...new Set(Array.from(entries.keys(), (path) => topOf(path)))]
  return { snapshot, tree, content, scope: scopeId, top, seen }
}

function seenWith(
  { state }: Session,
  lineage: Lineage<HistorySnapshot>,
  { parent, settles }: Record,
  device: string,
): Seen {
  const below = [parent, ...settles].flatMap((id) =>
    id === undefined ? [] : [lineage.find(id)?.seen],
  )
  const own = parent !== undefined && parent === state.base?.snapshot ? state.base.seen : undefined
  return withPush(mergedSeen([own, ...below]), device)
}

function tagsOf({ settles, isSide }: Record, isPartial: boolean): string[] {
  const tags = [syncTag, ...settles.map(settlesTag)]
  if (isSide) tags.push(sideTag)
  return isPartial ? [...tags, partialTag] : tags
}
