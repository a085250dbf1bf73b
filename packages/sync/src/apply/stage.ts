import {
  type Cancellable,
  type IndexedRepository,
  type Observed,
  type TargetTree,
  type TreeId,
  planRestore,
  restore,
} from 'restic-core'
import { SyncError } from '../errors.ts'
import { type FolderFiles, folderOf, joined } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import type { Change } from '../tree/changes.ts'
import { foldersAbove } from '../tree/entry.ts'
import { type Placement, markOf } from './journal.ts'

/** Fetched files wait here, at their own paths. */
export const stagedFiles: string = joined(controlPaths.staging, 'new')

export interface FetchEvent {
  readonly type: 'fetch'
  /** bytes in place so far, of all */
  readonly bytes: number
  readonly bytesTotal: number
  readonly files: number
  readonly filesTotal: number
}

/** Left free for the game and for our own journal, bytes. */
const reserve = 16n * 1024n * 1024n
/** Files flushed at once: a disk groups what waits together. */
const flushesAtOnce = 16

/**
 * Fetches files into the staging folder; every blob is checked against its id on the way. Afterwards
 * they are safe on the disk.
 *
 * @param tree of the instance's root that has all of `wanted`
 * @throws SyncError 'NO_SPACE'
 */
export async function stage(
  files: FolderFiles,
  from: IndexedRepository,
  tree: TreeId,
  wanted: readonly Change[],
  options: Cancellable & Observed<FetchEvent> & { readonly target: (root: string) => TargetTree },
): Promise<Placement[]> {
  const { signal, onEvent } = options
  if (wanted.length === 0) return []
  await refuseWithoutSpace(files, wanted)
  await files.makeFolder(stagedFiles)
  const target = options.target(`${files.root}/${stagedFiles}`)
  const paths = new Set(wanted.map(({ path }) => path))
  const above = new Set(wanted.flatMap(({ path }) => [...foldersAbove(path)]))
  const plan = await planRestore(from, tree, target, {
    signal,
    select: (path, node) => {
      if (node.type === 'dir') return above.has(path.slice(1)) ? 'inside' : false
      return paths.has(path.slice(1))
    },
  })
  const total = { bytesTotal: plan.total.bytes, filesTotal: wanted.length }
  const done = { bytes: 0, files: 0 }
  await restore(from, plan, target, {
    signal,
    onEvent: (event) => {
      if (event.type === 'bytes') done.bytes += event.restored + event.unchanged
      else if (event.type === 'item' && paths.has(event.path.slice(1))) done.files++
      else return
      onEvent?.({ type: 'fetch', ...done, ...total })
    },
  })
  await flushStaged(files, wanted, signal)
  return wanted.map(({ path }) => placement(files, path))
}

async function refuseWithoutSpace(files: FolderFiles, wanted: readonly Change[]): Promise<void> {
  let needed = reserve
  for (const { after } of wanted) if (after?.type === 'file') needed += BigInt(after.size)
  const free = await files.freeBytes()
  if (free >= needed) return
  throw new SyncError('NO_SPACE', `the disk has ${mib(free)} free, and ${mib(needed)} are needed`, {
    hint: 'Make room on the disk of the pack folder, and run the command again.',
  })
}

/** Files first and then the folders that name them: the journal must not outlive them. */
async function flushStaged(
  files: FolderFiles,
  wanted: readonly Change[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const staged = wanted.flatMap(({ path, after }) =>
    after?.type === 'file' ? [joined(stagedFiles, path)] : [],
  )
  for (let at = 0; at < staged.length; at += flushesAtOnce) {
    signal?.throwIfAborted()
    await Promise.all(staged.slice(at, at + flushesAtOnce).map((path) => files.flushFile(path)))
  }
  const folders = new Set([stagedFiles, controlPaths.staging])
  for (const { path } of wanted) {
    for (const folder of foldersAbove(path)) folders.add(joined(stagedFiles, folder))
  }
  for (const folder of [...folders].toSorted((a, b) => b.length - a.length)) {
    if (files.stat(folder)?.type === 'folder') await files.flushFolder(folder)
  }
}

function placement(files: FolderFiles, path: string): Placement {
  const from = joined(stagedFiles, path)
  const stat = files.stat(from)
  if (stat !== undefined) return { path, from, mark: markOf(stat) }
  throw new SyncError('NOT_FOUND', `${path} is not in the snapshot it was to come from`, {
    paths: [folderOf(path), path],
  })
}

function mib(bytes: bigint): string {
  return `${bytes / 1_048_576n} MiB`
}
