import { resolve } from 'node:path'
import type { SnapshotFilter, StoredSnapshot } from 'restic-core'
import { isResticError, matchesFilter } from 'restic-core'
import * as z from 'zod'
import type { CommandContext } from './command.ts'
import { repeatedFlag, splitTags } from './flags.ts'
import type { Session } from './session.ts'

/** The flags of `declareSnapshotFilter`. */
export interface FilterFlags {
  readonly host?: readonly string[] | undefined
  readonly tag: readonly string[]
  readonly path: readonly string[]
}

export const filterFlags: {
  readonly host: z.ZodOptional<z.ZodReadonly<z.ZodArray<z.ZodString>>>
  readonly tag: typeof repeatedFlag
  readonly path: typeof repeatedFlag
} = { host: z.array(z.string()).readonly().optional(), tag: repeatedFlag, path: repeatedFlag }

/** Which snapshots the flags mean. `--host ''` lets every host through, also past RESTIC_HOST. */
export function snapshotFilter(
  flags: FilterFlags,
  environment: CommandContext['environment'],
): SnapshotFilter {
  const fallback = environment['RESTIC_HOST'] ?? ''
  const hosts = (flags.host ?? [fallback]).filter((host) => host !== '')
  return {
    hosts,
    tagLists: flags.tag.map((text) => (text === '' ? [''] : splitTags(text))),
    paths: flags.path,
  }
}

/** `latest` asks for paths as a person types them; the others are compared as they stand. */
function forLatest(filter: SnapshotFilter): SnapshotFilter {
  return { ...filter, paths: (filter.paths ?? []).map((path) => resolve(path)) }
}

function isEmpty({ hosts = [], tagLists = [], paths = [] }: SnapshotFilter): boolean {
  return hosts.length === 0 && tagLists.length === 0 && paths.length === 0
}

/** A snapshot, and the folder in it that `id:folder` names; '' is all of it. */
export interface SnapshotPlace {
  readonly snapshot: StoredSnapshot
  readonly folder: string
}

/** The snapshot that `id`, the beginning of one, `latest` or any of them with `:folder` means. */
export async function findSnapshotPlace(
  { repository, signal }: Pick<Session, 'repository' | 'signal'>,
  text: string,
  filter: SnapshotFilter,
): Promise<SnapshotPlace> {
  const colon = text.indexOf(':')
  const id = colon < 0 ? text : text.slice(0, colon)
  const snapshot = await repository.findSnapshot(id, forLatest(filter), { signal })
  return { snapshot, folder: colon < 0 ? '' : text.slice(colon + 1) }
}

/**
 * The snapshots that the words name, or, without words, those the filter lets through. What cannot
 * be found or read is told and left out.
 */
export async function chooseSnapshots(
  session: Pick<Session, 'repository' | 'signal'>,
  words: readonly string[],
  filter: SnapshotFilter,
  warn: (text: string) => void,
): Promise<StoredSnapshot[]> {
  const ignore = (what: string, error: unknown): void =>
    warn(`Ignoring ${JSON.stringify(what)}: ${messageOf(error)}`)
  const { repository, signal } = session
  const chosen = new Map<string, StoredSnapshot>()
  if (words.length === 0) {
    const snapshots = repository.snapshots({ signal, onDamaged: ignore })
    for await (const snapshot of snapshots) {
      if (matchesFilter(snapshot, filter)) chosen.set(snapshot.id, snapshot)
    }
    return [...chosen.values()]
  }
  for (const word of words) {
    if (word.includes(':')) {
      ignore(word, '<snapshot>:<subfolder> syntax not allowed')
      continue
    }
    try {
      const { snapshot } = await findSnapshotPlace(session, word, filter)
      chosen.set(snapshot.id, snapshot)
    } catch (error) {
      if (!isResticError(error, 'MISSING', 'CORRUPT')) throw error
      ignore(word, error)
    }
  }
  if (!isEmpty(filter) && !words.includes('latest')) {
    ignore('filters', 'explicit snapshot ids are given')
  }
  return [...chosen.values()]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
