import type { Cancellable, Observed } from '../../base/cancel.ts'
import type { TreeId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { findTree } from '../shared/find-tree.ts'
import { rootPath } from '../shared/item-path.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import type { ContentPlan } from './content-plan.ts'
import type { Decisions, Overwrite } from './decisions.ts'
import type { ItemErrors, RestoreCounts, RestoreEvent } from './events.ts'
import { Planner } from './planner.ts'

export interface PlanRestoreOptions extends Cancellable, Observed<RestoreEvent>, ItemErrors {
  /** Restore the content of this directory, `/` unless given. Paths are relative to it then. */
  readonly subfolder?: string | undefined
  /**
   * Whether to restore an entry. Below a directory that is left out nothing is asked for; a
   * directory may also be restored only if something `inside` it is.
   */
  readonly select?: ((path: string, node: Node) => boolean | 'inside') | undefined
  /** 'always' unless given */
  readonly overwrite?: Overwrite | undefined
  /** Remove what restored directories have and the snapshot does not: all of it, or what is chosen. */
  readonly delete?: boolean | ((path: string) => boolean) | undefined
  /** Leave out runs of zeros in new files. */
  readonly sparse?: boolean | undefined
}

/** A file whose content is written. */
export interface PlannedFile {
  readonly path: string
  /** bytes: the sum of its blobs */
  readonly size: number
  /** `update` changes the file that is there; the others make a new one. */
  readonly action: 'create' | 'replace' | 'renew' | 'update'
}

/**
 * What a restore will do. Nothing has been changed yet, so a plan is also the dry run. It holds for
 * the target as it was found: for one restore, and not for a second one.
 */
export interface RestorePlan {
  readonly root: TreeId
  readonly decisions: Decisions
  /** To make or to take over, parents first. */
  readonly directories: readonly string[]
  readonly files: readonly PlannedFile[]
  readonly contents: ContentPlan
  /** Of entries that become another name of a file: that file's path. */
  readonly links: ReadonlyMap<number, string>
  /** Directories whose content could not be read, by entry. */
  readonly closed: ReadonlySet<number>
  /** What the target has and the snapshot does not. */
  readonly removals: readonly string[]
  /** Whether directories with content may make room for files. */
  readonly removesDirectories: boolean
  readonly sparse: boolean
  readonly total: RestoreCounts
  readonly unchanged: RestoreCounts
  /** bytes that files which are updated have right already */
  readonly inPlace: number
  /** entries that cannot be restored */
  readonly errors: number
}

/**
 * Reads the trees below `root`, looks at what the target has, and decides about every entry.
 *
 * @throws MissingError when there is no such subfolder
 */
export async function planRestore(
  from: IndexedRepository,
  root: TreeId,
  target: TargetTree,
  options: PlanRestoreOptions = {},
): Promise<RestorePlan> {
  const { signal, subfolder = rootPath } = options
  const top = await findTree(from, root, subfolder, { signal })
  await using planner = new Planner(from, top, target, options)
  return await planner.run()
}
