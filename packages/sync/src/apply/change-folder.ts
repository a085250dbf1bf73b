import type { Cancellable } from 'restic-core'
import { SyncError } from '../errors.ts'
import { type FolderFiles, joined, removeAll } from '../files/folder-files.ts'
import { controlPaths } from '../state/control-folder.ts'
import { asInUse, carryOut, isLeftInTrash, isLost, takeBack } from './carry-out.ts'
import { type Journal, dropJournal, readJournal, writeJournal, writeManifest } from './journal.ts'
import { nextTrash, purgeTrash } from './trash.ts'

/** A change of the folder whose new files are ready. */
export interface FolderChange extends Pick<
  Journal,
  'kind' | 'removals' | 'emptied' | 'folders' | 'made' | 'placements' | 'base'
> {
  /** RFC 3339 */
  readonly time: string
}

export interface ChangeWorld {
  readonly instanceId: string
  random(length: number): Uint8Array
  /** Writes state.json so that it names the change as done. */
  complete(journal: Journal): Promise<void>
  /** The change that state.json names. */
  completedId(): Promise<string | undefined>
}

/**
 * Replaces, removes and adds files as one step: when this rejects, the folder is as it was; when the
 * machine dies on the way, `finishInterrupted` makes it wholly old or wholly new.
 */
export async function changeFolder(
  files: FolderFiles,
  change: FolderChange,
  world: ChangeWorld,
  { signal }: Cancellable = {},
): Promise<void> {
  const { time, ...steps } = change
  const trash = nextTrash(files)
  const id = Array.from(world.random(12), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const journal: Journal = { schema: 1, id, direction: 'forward', trash, ...steps }
  const removed = steps.removals.map(({ path }) => path)
  const placed = steps.placements.map(({ path, mark }) => ({ path, mark }))
  const instance = world.instanceId
  await writeManifest(files, trash, { kind: steps.kind, time, removed, placed, instance })
  signal?.throwIfAborted()
  await writeJournal(files, journal)
  // From here on it is carried out or taken back, whatever the signal says.
  try {
    await carryOut(files, journal, true)
    await world.complete(journal)
  } catch (error) {
    await takeBackAll(files, journal)
    throw asInUse(error)
  }
  await tidyUp(files, time)
}

export type Recovery = 'completed' | 'taken-back'

/**
 * Finishes or undoes a change that was interrupted; undefined when there was none. Staged files of a
 * change that was never decided are dropped.
 */
export async function finishInterrupted(
  files: FolderFiles,
  world: Pick<ChangeWorld, 'complete' | 'completedId'>,
  time: string,
): Promise<Recovery | undefined> {
  const journal = await readJournal(files)
  if (journal === undefined) {
    await clearStaging(files)
    return undefined
  }
  if ((await world.completedId()) === journal.id) {
    await tidyUp(files, time)
    return 'completed'
  }
  if (journal.direction === 'back' || isLost(files, journal)) {
    await takeBackAll(files, journal)
    return 'taken-back'
  }
  try {
    await carryOut(files, journal, false)
    await world.complete(journal)
  } catch {
    // What stands in the way forward need not stand in the way back; if it does, that is told.
    await takeBackAll(files, journal)
    return 'taken-back'
  }
  await tidyUp(files, time)
  return 'completed'
}

async function takeBackAll(files: FolderFiles, journal: Journal): Promise<void> {
  if (journal.direction !== 'back') await writeJournal(files, { ...journal, direction: 'back' })
  try {
    await takeBack(files, journal)
  } catch (error) {
    throw new SyncError('IN_USE', 'a change of the folder could neither be finished nor undone', {
      hint: 'Close the game and run the command again: it goes on from here.',
      cause: error,
    })
  }
  await dropJournal(files)
  if (!isLeftInTrash(files, journal)) await removeAll(files, journal.trash)
  await clearStaging(files)
}

async function tidyUp(files: FolderFiles, time: string): Promise<void> {
  await dropJournal(files)
  await clearStaging(files)
  await purgeTrash(files, time)
}

async function clearStaging(files: FolderFiles): Promise<void> {
  if (files.stat(controlPaths.staging) === undefined) return
  for (const name of files.list(controlPaths.staging)) {
    await removeAll(files, joined(controlPaths.staging, name))
  }
}
