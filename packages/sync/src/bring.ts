import type { IndexedRepository, TreeId } from 'restic-core'
import { changeFolder } from './apply/change-folder.ts'
import { planChange } from './apply/plan-change.ts'
import { stage, stagedFiles } from './apply/stage.ts'
import { SyncError } from './errors.ts'
import type { FolderFiles } from './files/folder-files.ts'
import { type HereState, keepPlaced } from './here.ts'
import { describeNameProblem, findNameProblems } from './plan/names.ts'
import type { FileSystemRules } from './plan/names.ts'
import type { Session } from './session.ts'
import type { Base } from './state/folder-state.ts'
import { type Change, changesBetween } from './tree/changes.ts'
import type { Entries } from './tree/entry.ts'
import { fileSystemNow } from './tree/scan-cache.ts'

export interface BringInput {
  readonly kind: 'pull' | 'restore'
  readonly here: HereState
  readonly target: Entries
  /** tree of the instance's root that has the target's files */
  readonly tree: TreeId
  readonly rules: FileSystemRules
  /** what the folder is equal to afterwards; without it the base stays */
  readonly base: Base | undefined
  readonly signal: AbortSignal
}

/**
 * What would change in the folder.
 *
 * @throws SyncError 'NAMES' when that is not possible here, 'REFUSED' when something would be lost
 */
export function plannedChanges(
  files: FolderFiles,
  input: Pick<BringInput, 'here' | 'target' | 'rules'>,
): Change[] {
  const changes = namedChanges(files, input)
  refuseUnread(changes)
  // It is thrown away, for the sake of what it refuses.
  planChange(files, changes, input.target, input.here.stats)
  return changes
}

function namedChanges(
  files: FolderFiles,
  { here, target, rules }: Pick<BringInput, 'here' | 'target' | 'rules'>,
): Change[] {
  const changes = changesBetween(here.entries, target)
  const rootLength = files.root.length + 1 + stagedFiles.length
  const problems = findNameProblems(target, here.entries, rules, rootLength)
  if (problems.length === 0) return changes
  const [first] = problems
  const more = problems.length === 1 ? '' : `, and ${problems.length - 1} more`
  throw new SyncError('NAMES', `${first && describeNameProblem(first)}${more}`, {
    hint: 'Rename these files on the machine they come from, and push again.',
    paths: problems.map(({ path }) => path),
  })
}

/** Makes the folder equal to a state that the repository has. Wholly, or not at all. */
export async function bring(
  session: Session,
  repository: IndexedRepository,
  input: BringInput,
): Promise<readonly Change[]> {
  const { files } = session
  const { here, target, base, signal } = input
  const changes = plannedChanges(files, input)
  if (changes.length === 0) {
    if (base !== undefined) await session.setBase(base)
    return changes
  }
  await session.mayWrite
  const { wanted, ...plan } = planChange(files, changes, target, here.stats)
  const placements = await stage(files, repository, input.tree, wanted, {
    signal,
    onEvent: (event) => session.tell(event),
    target: (root) => session.platform.target(root),
  })
  await changeFolder(
    files,
    { ...plan, placements, base, kind: input.kind, time: session.now() },
    {
      instanceId: session.settings.instanceId,
      random: (length) => session.runtime.random(length),
      completedId: () => Promise.resolve(session.state.applied),
      complete: (journal) => session.complete(journal.id, journal.base),
    },
    { signal },
  )
  await keepPlaced(session, repository, {
    target,
    here,
    placements,
    nowNs: await fileSystemNow(files),
  })
  return changes
}

/** What cannot be read cannot be stored first, and nothing may be replaced that is not stored. */
function refuseUnread(changes: readonly Change[]): void {
  const unread = changes.filter(({ before }) => before?.type === 'unreadable')
  const [first] = unread
  if (first === undefined) return
  throw new SyncError(
    'REFUSED',
    `${first.path} would be replaced, and what is in it cannot be read`,
    {
      hint: 'Make it readable, or move it away, and run the command again.',
      paths: unread.map(({ path }) => path),
    },
  )
}
