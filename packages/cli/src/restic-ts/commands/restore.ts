import { resolve } from 'node:path'
import {
  BegunRun,
  type EarlyRun,
  EarlyWork,
  type IndexedRepository,
  type PlannedItem,
  type RestorePlan,
  type TargetTree,
  type RestoreSummary,
  findTree,
  planRestore,
  plannedItems,
  restore as apply,
} from 'restic-core'
import { fileTarget } from 'restic-core/node'
import { Failure } from '../../shared/failure.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { type RestoreFlags, declareRestoreFlags, restoreFlags } from '../restore/flags.ts'
import { type Event, type Outcome, jsonReporter, textReporter } from '../restore/report.ts'
import { type Selection, readAttributeSelection, readSelection } from '../restore/selection.ts'
import { openSession } from '../session.ts'
import { type SnapshotPlace, findSnapshotPlace, snapshotFilter } from '../snapshot-choice.ts'

export const restore: LoadedCommand = defineCommand({
  declare: declareRestoreFlags,
  options: restoreFlags,
  run: runRestore,
  text: (_, screen, context) => textReporter(screen, context),
  json: (_, screen, context) => jsonReporter(screen, context),
  exitCode: ({ summary }) => (summary.errors > 0 ? 1 : 0),
})

async function runRestore(
  flags: RestoreFlags,
  context: CommandContext,
  report: (event: Event) => void | Promise<void>,
): Promise<Outcome> {
  const startMs = performance.now()
  const { snapshotId, folder: target } = checkedWords(flags)
  const selection = await readSelection(flags, context.environment)
  const { ownershipByName } = flags
  const selectAttribute = await readAttributeSelection(flags)
  refuseDeletingAll(flags, target, selection)

  const tree = fileTarget({ root: target, ownershipByName, selectAttribute })
  const filter = snapshotFilter(flags, context.environment)
  const early = new EarlyWork(
    (view) =>
      new BegunRun(async (run) => {
        const { signal } = run
        const place = await findSnapshotPlace({ ...view, signal }, snapshotId, filter)
        const onEvent = (event: Event): void => run.tell(() => void report(event))
        return restorePlace({ flags, selection, tree, onEvent }, await view.indexed(), place, run)
      }),
  )
  await using session = await openSession(context, 'shared', {
    needsIndex: true,
    needsThreads: true,
    early,
  })
  const summary = await early.take(session).result(session.signal)
  return { summary, target, verify: flags.verify, durationMs: performance.now() - startMs }
}

interface Restoring {
  readonly flags: RestoreFlags
  readonly selection: Selection
  readonly tree: TargetTree
  readonly onEvent: (event: Event) => void
}

/** Plans, and does it when `run` lets it write. */
async function restorePlace(
  { flags, selection, tree, onEvent }: Restoring,
  indexed: IndexedRepository,
  { snapshot, folder }: SnapshotPlace,
  { signal, mayWrite }: EarlyRun,
): Promise<RestoreSummary> {
  const { target = '', verify } = flags
  // A folder that the snapshot does not have is refused before anything is announced.
  const root = await findTree(indexed, snapshot.tree, folder, { signal })
  onEvent({ type: 'start', snapshot, target })
  const plan = await planRestore(indexed, root, tree, {
    select: selection.select,
    overwrite: flags.overwrite,
    delete: flags.delete ? selection.mayDelete : false,
    sparse: flags.sparse,
    onError: skipItem,
    onEvent,
    signal,
  })
  if (flags.dryRun) {
    return reportPlan(plannedItems(indexed, plan, tree, { signal }), plan, onEvent)
  }
  return apply(indexed, plan, tree, { verify, onError: skipItem, mayWrite, onEvent, signal })
}

/** What cannot be restored is told and counted; everything else is restored. */
function skipItem(): 'skip' {
  return 'skip'
}

function checkedWords({ args, target = '', dryRun, verify }: RestoreFlags): {
  readonly snapshotId: string
  readonly folder: string
} {
  const [snapshotId] = args
  if (snapshotId === undefined) throw new Failure('no snapshot ID specified')
  if (target === '') throw new Failure('please specify a directory to restore to (--target)')
  if (dryRun && verify) throw new Failure('--dry-run and --verify are mutually exclusive')
  return { snapshotId, folder: target }
}

/** A slip of the keyboard must not empty the machine. */
function refuseDeletingAll(flags: RestoreFlags, target: string, selection: Selection): void {
  if (flags.delete && !selection.isFiltered && resolve(target) === resolve('/')) {
    throw new Failure("'--target / --delete' must be combined with an include or exclude filter")
  }
}

/** What a restore would tell. What is unchanged, planning has told. */
async function reportPlan(
  items: AsyncIterable<PlannedItem>,
  plan: RestorePlan,
  onEvent: (event: Event) => void,
): Promise<RestoreSummary> {
  onEvent({ type: 'total', ...plan.total })
  let deleted = 0
  for await (const item of items) {
    if (item.action !== 'unchanged') onEvent({ type: 'item', ...item })
    if (item.action === 'deleted') deleted++
  }
  return {
    total: plan.total,
    restored: {
      entries: plan.total.entries - plan.unchanged.entries,
      bytes: plan.total.bytes - plan.unchanged.bytes,
    },
    unchanged: plan.unchanged,
    deleted,
    verified: 0,
    errors: plan.errors,
    notKept: {},
  }
}
