import type { IndexedRepository } from 'restic-core'
import { NoRepositoryError } from 'restic-core'
import { bring, plannedChanges } from './bring.ts'
import { SyncError } from './errors.ts'
import type { FileStat } from './files/folder-files.ts'
import { type Head, States, isWhollySame } from './heads.ts'
import { type HereState, type Look, isKnownUnchanged, lookHere, readHere } from './here.ts'
import type { Lineage } from './lineage/lineage.ts'
import { assumeUnread } from './plan/merge.ts'
import { isInHistory, locate } from './plan/position.ts'
import type { HistorySnapshot } from './remote/history-cache.ts'
import { isOffline } from './remote/remote.ts'
import { type OnConflict, type PullReport, type UpToDate, changedTo } from './report.ts'
import { baseFor } from './save-here.ts'
import { type Session, type SessionSettings, type SyncOptions, withSession } from './session.ts'
import { settle } from './settle.ts'
import type { Base } from './state/folder-state.ts'
import { type Entries, fileCount, sameEntries, sameFiles } from './tree/entry.ts'
import type { RepositoryState } from './tree/repository-state.ts'

export interface PullOptions extends SyncOptions {
  /** How to settle a conflict; 'stop' unless given. */
  readonly onConflict?: OnConflict | undefined
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean | undefined
  /** Take over a state without any file, although there are files here. */
  readonly allowEmpty?: boolean | undefined
}

/**
 * Makes the folder equal to the newest state. Resolves with what was found and done; a conflict and
 * a server out of reach are results. When it rejects, the folder is as it was.
 *
 * @throws SyncError, ResticError, or `signal.reason`
 */
export async function pull(options: PullOptions & SessionSettings): Promise<PullReport> {
  const report = await withSession(options, (session) => pullOrOffline(session, options))
  return report ?? { outcome: 'not-enabled' }
}

async function pullOrOffline(session: Session, options: PullOptions): Promise<PullReport> {
  try {
    return await pullHistory(session, options)
  } catch (error) {
    if (!isOffline(error)) throw error
    return { outcome: 'offline', reason: (error as Error).message }
  }
}

async function pullHistory(session: Session, options: PullOptions): Promise<PullReport> {
  const lineage = await session.history()
  const position = locate(lineage, session.state.base)
  switch (position.kind) {
    case 'empty':
      await refuseRemoved(session)
      return upToDate(session)
    case 'current':
      return { ...upToDate(session), isEmptied: isEmptied(session) }
    case 'behind':
    case 'apart': {
      const look = await lookHere(session)
      const repository = await session.remote.repository(options)
      const synced = session.state.base
      return session.locked(repository, false, (indexed, signal) =>
        new Pull({ session, options, lineage, look, repository: indexed, signal, synced }).run(),
      )
    }
  }
}

export function upToDate({ state }: Session): UpToDate {
  return { outcome: 'up-to-date', snapshot: state.base?.snapshot }
}

/**
 * Whether all that the base had at the top is gone: a wiped folder, or a disk that is not there. A
 * pull has nothing to bring then, and must not be silent about it. Costs a look at a few names.
 */
function isEmptied({ files, state }: Session): boolean {
  const top = state.base?.top ?? []
  return top.length > 0 && top.every((name) => files.stat(name) === undefined)
}

/**
 * A history that is gone is not the same as one that has not begun: perhaps the server's disk is not
 * there, and what is stored in its place would be lost.
 */
export async function removedError({
  state,
  remote,
  signal,
}: Session): Promise<NoRepositoryError | undefined> {
  if (state.base === undefined || state.begins === true) return undefined
  if (await remote.exists({ signal })) return undefined
  return new NoRepositoryError(`the repository at ${remote.location} is gone`, {
    hint:
      'Check the account in the token, or ask whoever runs the server. ' +
      'To begin a new history there, run init with its address.',
  })
}

export async function refuseRemoved(session: Session): Promise<void> {
  const error = await removedError(session)
  if (error !== undefined) throw error
}

interface PullParts {
  readonly session: Session
  readonly options: PullOptions
  readonly lineage: Lineage<HistorySnapshot>
  readonly look: Look
  readonly repository: IndexedRepository
  readonly signal: AbortSignal
  /** what the folder was last equal to, or is found to be equal to */
  readonly synced: Base | undefined
}

/** A pull that found something new. */
class Pull {
  readonly #parts: PullParts
  readonly #states: States
  readonly #isKnownUnchanged: boolean

  constructor(parts: PullParts) {
    const { session, look, repository, signal, synced } = parts
    this.#parts = parts
    this.#states = new States(session, repository, signal)
    this.#isKnownUnchanged = isKnownUnchanged(look, session, synced)
  }

  async run(): Promise<PullReport> {
    const { session, options, lineage, synced } = this.#parts
    const position = locate(lineage, synced)
    if (position.kind === 'empty' || position.kind === 'current') return this.#upToDate()
    const groups = position.kind === 'behind' ? [position.head] : position.heads
    const heads: Head[] = []
    for (const group of groups) heads.push({ group, state: await this.#states.of(group.head) })
    const here = await this.#here()
    const [only] = heads
    if (position.kind === 'behind' && this.#isKnownUnchanged && only !== undefined) {
      return this.#follow(here, only)
    }
    const base = await this.#states.ofId(lineage, synced?.snapshot)
    const isUnchanged = this.#isUnchanged(here, base)
    const read = assumed(here, base, heads)
    if (only !== undefined && heads.length === 1) {
      const mayFollow =
        position.kind === 'behind'
          ? isUnchanged || isBase(read.entries, base)
          : position.own === undefined && this.#isFresh(here)
      if (mayFollow) return this.#follow(read, only)
    }
    // Others may have pushed the same files with other times. What is here is equal to all of those
    // then, and to be equal to one of them is enough: the next push succeeds them together.
    const equal = heads.filter((head) => sameEntries(head.state.entries, here.entries))
    const [first] = equal
    const own = position.kind === 'apart' ? position.own : undefined
    const isOwn = own !== undefined && base !== undefined && sameEntries(base.entries, here.entries)
    if (first !== undefined && !isOwn) return this.#adopt(first, here)
    // Nor is there anything to bring from those that are equal to what is here was last equal to.
    const known =
      own === undefined || base === undefined
        ? []
        : heads.filter((head) => sameEntries(head.state.entries, base.entries))
    const others = heads.filter((head) => !known.includes(head))
    if (others.length === 0) return this.#upToDate()
    const twins = known
      .filter((head) => base !== undefined && isWhollySame(session.scope, head.state, base))
      .flatMap(({ group }) => group.members)
    return settle(session, options, {
      ...this.#parts,
      states: this.#states,
      here: read,
      base,
      heads: others,
      own: own && { ...own, members: [...own.members, ...twins] },
      isChanged: !isInHistory(lineage, synced) || (!isUnchanged && !isBase(read.entries, base)),
    })
  }

  async #here(): Promise<HereState> {
    const { session, look, repository, signal } = this.#parts
    if (this.#isKnownUnchanged) {
      return { entries: look.scan.entries, stats: look.scan.stats, unstable: [] }
    }
    return readHere(session, look, repository, signal)
  }

  #upToDate(): UpToDate {
    return { outcome: 'up-to-date', snapshot: this.#parts.synced?.snapshot }
  }

  /** As the fingerprint of the last sync tells, which is there even when the base was forgotten. */
  #isUnchanged({ entries }: HereState, base: RepositoryState | undefined): boolean {
    const { session, synced } = this.#parts
    if (isBase(entries, base)) return true
    if (synced?.scope !== session.scopeId || hasUnread(entries)) return false
    const { snapshot, tree, content, seen } = synced
    return baseFor(session, snapshot, tree, entries, seen).content === content
  }

  /** Nothing was ever synced here, and nothing is here that could be lost. */
  #isFresh({ entries }: HereState): boolean {
    return this.#parts.synced === undefined && fileCount(entries) === 0
  }

  async #follow(here: HereState, head: Head): Promise<PullReport> {
    const { session, options, look, repository, signal } = this.#parts
    const { tree, entries: target } = head.state
    if (fileCount(target) === 0 && fileCount(here.entries) > 0 && !options.allowEmpty) {
      throw new SyncError('REFUSED', 'the newest state in the cloud has no files at all', {
        hint: 'If that is right, allow it; otherwise restore an older state.',
      })
    }
    const input = { kind: 'pull', here, target, tree, rules: look.rules } as const
    const changes = options.dryRun
      ? plannedChanges(session.files, input)
      : await bring(session, repository, { ...input, base: this.#baseOf(head), signal })
    const { id: snapshot } = head.group.head
    // Somebody settled a conflict in favour of what is here, say.
    if (changes.length === 0) return { outcome: 'up-to-date', snapshot }
    return changedTo({ snapshot, changes, isDryRun: options.dryRun ?? false })
  }

  /** What is here is what is there: that is the base from now on, and what is left is looked at anew. */
  async #adopt(head: Head, here: HereState): Promise<PullReport> {
    const { session, options, look } = this.#parts
    const synced = this.#baseOf(head)
    if (!options.dryRun) await session.setBase(synced)
    const scan = { ...look.scan, entries: here.entries, unread: new Map<string, FileStat>() }
    return new Pull({ ...this.#parts, look: { ...look, scan }, synced }).run()
  }

  #baseOf({ group, state }: Head): Base {
    const { id, seen } = group.head
    return baseFor(this.#parts.session, id, state.tree, state.entries, seen)
  }
}

function assumed(
  here: HereState,
  base: RepositoryState | undefined,
  heads: readonly Head[],
): HereState {
  const theirs = heads.map(({ state }) => state.entries)
  return { ...here, entries: assumeUnread(here.entries, base?.entries ?? new Map(), theirs) }
}

function isBase(entries: Entries, base: RepositoryState | undefined): boolean {
  return base !== undefined && sameFiles(entries, base.entries)
}

function hasUnread(entries: Entries): boolean {
  return [...entries.values()].some((entry) => entry.type === 'unreadable')
}
