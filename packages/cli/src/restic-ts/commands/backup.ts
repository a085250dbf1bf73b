import {
  type BackupResult,
  BegunRun,
  type EarlyRun,
  type EarlyView,
  EarlyWork,
  type Exclusion,
  type SourceTree,
  backup as archive,
} from 'restic-core'
import { fileSource, systemClock } from 'restic-core/node'
import { makeExclusion } from '../backup/exclusion.ts'
import {
  type BackupFlags,
  backupFlags,
  declareBackupFlags,
  readConcurrency,
} from '../backup/flags.ts'
import { findParent } from '../backup/parent.ts'
import { type BackupPlan, planBackup } from '../backup/plan.ts'
import type { Event, Outcome } from '../backup/events.ts'
import { jsonReporter, textReporter } from '../backup/report.ts'
import { scan } from '../backup/scan.ts'
import { backupInput } from '../backup/stream.ts'
import { cacheFolder } from '../cache.ts'
import { type CommandContext, defineCommand, type LoadedCommand } from '../command.ts'
import { openSession } from '../session.ts'

type Report = (event: Event) => void | Promise<void>

export const backup: LoadedCommand = defineCommand({
  declare: declareBackupFlags,
  options: backupFlags,
  run: runBackup,
  text: (_, screen, context) => textReporter(screen, context),
  json: (_, screen, context) => jsonReporter(screen, context),
  exitCode: ({ incomplete }) => (incomplete ? 3 : 0),
})

async function runBackup(
  flags: BackupFlags,
  context: CommandContext,
  onEvent: Report,
): Promise<Outcome> {
  let hasLost = false
  const report = (event: Event): void => {
    if (event.type === 'incomplete-parent' || event.type === 'lost-parent-tree') hasLost = true
    void onEvent(event)
  }
  if (flags.stdin || flags.stdinFromCommand) return backupInput(flags, context, report)
  const startMs = performance.now()
  const source = fileSource()
  const plan = await planBackup(flags, source, context)
  // As in restic: what changes while the repository is opened comes after the snapshot.
  const timeNs = plan.facts.timeNs ?? systemClock().nowNs()
  const facts = { ...plan.facts, timeNs }
  const archiving = { flags, plan: { ...plan, facts }, source, context, report }
  const early = new EarlyWork((view) => new BegunRun((run) => runArchive(archiving, view, run)))
  report({ type: 'step', text: 'open repository' })
  await using session = await openSession(context, flags.dryRun ? 'none' : 'shared-always', {
    threads: readConcurrency(flags, context.environment),
    needsIndex: true,
    early,
  })
  const result = await early.take(session).result(session.signal)
  return {
    ...result,
    incomplete: plan.incomplete || result.skipped > 0 || hasLost,
    dryRun: flags.dryRun,
    durationMs: performance.now() - startMs,
  }
}

interface Archiving {
  readonly flags: BackupFlags
  readonly plan: BackupPlan
  readonly source: SourceTree
  readonly context: CommandContext
  readonly report: (event: Event) => void
}

/** From the choice of a parent to the snapshot. The lock is known to be held when `run` lets it write. */
async function runArchive(
  { flags, plan, source, context, report }: Archiving,
  view: EarlyView,
  run: EarlyRun,
): Promise<BackupResult> {
  const { signal, mayWrite } = run
  const tell = (event: Event): void => run.tell(() => report(event))
  const parent = await findParent({ repository: view.repository, signal }, flags, plan.facts)
  // Without one every file will be read.
  if (parent === undefined) view.repository.runtime.pool.prepare()
  tell({ type: 'parent', parent })
  tell({ type: 'step', text: 'load index files' })
  const indexed = await view.indexed()
  signal.throwIfAborted()

  const words = `[${plan.words.join(' ')}]`
  const scanning = startScan(flags, plan, source, context, tell)
  tell({ type: 'step', text: `start backup on ${words}` })
  const { globals } = context
  try {
    return await archive(indexed, source, {
      targets: plan.targets,
      snapshot: plan.facts,
      parent,
      exclusion: exclusionOf(plan, context, (text) => run.tell(() => context.warn(text))),
      ignoreCtime: flags.ignoreCtime,
      ignoreInode: flags.ignoreInode,
      withAtime: flags.withAtime,
      onUnreadable: () => 'skip',
      skipIfUnchanged: flags.skipIfUnchanged,
      dryRun: flags.dryRun,
      compression: globals.compression,
      packSize: globals.packSize,
      verify: globals.extraVerify,
      mayWrite,
      signal,
      onEvent: tell,
    })
  } finally {
    await scanning[Symbol.asyncDispose]()
  }
}

/** Counts beside the backup what there is to do, when somebody looks at the progress. */
function startScan(
  flags: BackupFlags,
  plan: BackupPlan,
  source: SourceTree,
  context: CommandContext,
  report: (event: Event) => void,
): AsyncDisposable {
  const stop = new AbortController()
  const { verbosity, progressFps, json } = context.globals
  // The totals serve the progress and what `-v` tells; elsewhere the scan would only take time.
  const isDrawn = progressFps !== undefined || (context.isTerminal && verbosity > 0)
  const isWanted = flags.scan && (isDrawn || (json && verbosity > 0) || verbosity > 1)
  const startMs = performance.now()
  const onTotals = (totals: { readonly files: number; readonly bytes: number }): void =>
    report({ type: 'scanned', totals, finished: false, durationMs: 0 })
  const run = async (): Promise<void> => {
    if (!isWanted) return
    report({ type: 'step', text: `start scan on [${plan.words.join(' ')}]` })
    const exclusion = exclusionOf(plan, context, () => undefined)
    const totals = await scan(source, plan.targets, exclusion, { signal: stop.signal, onTotals })
    const durationMs = performance.now() - startMs
    report({ type: 'scanned', totals, finished: true, durationMs })
  }
  // A scan that fails takes the totals away and nothing else; the backup meets the same trouble.
  const running = run().catch(() => undefined)
  return {
    [Symbol.asyncDispose]: () => {
      stop.abort()
      return running
    },
  }
}

function exclusionOf(
  plan: BackupPlan,
  context: CommandContext,
  warn: (text: string) => void,
): Exclusion {
  const cache = cacheFolder(context)
  const folders = cache === undefined ? [] : [cache]
  return makeExclusion({ ...plan.rules, folders }, warn)
}
