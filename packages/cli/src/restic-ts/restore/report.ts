import { join, resolve } from 'node:path'
import type { RestoreCounts, RestoreEvent, RestoreSummary, StoredSnapshot } from 'restic-core'
import { type Screen, repeatedly } from '../../shared/screen.ts'
import { formatElapsed, formatSize } from '../../shared/units.ts'
import type { CommandContext, Reporter } from '../command.ts'
import { jsonText, printJson } from '../render/json.ts'
import { snapshotTitle } from '../render/snapshot.ts'
import { RestoreCounter } from './counter.ts'

/** What a restore tells: the events of the restorer, after what it starts with. */
export type Event =
  | RestoreEvent
  | { readonly type: 'start'; readonly snapshot: StoredSnapshot; readonly target: string }

export interface Outcome {
  readonly summary: RestoreSummary
  readonly target: string
  readonly verify: boolean
  readonly durationMs: number
}

type RestoreReporter = Reporter<Event, Outcome>

const terminalFps = 15
const jsonFps = 10

export function textReporter(screen: Screen, { globals }: CommandContext): RestoreReporter {
  const { verbosity, progressFps } = globals
  const counter = new RestoreCounter(performance.now())
  const draw = (): void => screen.status([counter.statusLine(performance.now())])
  const isDrawn = progressFps !== undefined || (screen.isTerminal && verbosity > 0)
  const drawing = isDrawn ? repeatedly(1000 / (progressFps ?? terminalFps), draw) : undefined
  let folder = ''
  return {
    event: (event) => {
      if (event.type === 'start') {
        folder = resolve(event.target)
        const title = snapshotTitle(event.snapshot)
        if (verbosity > 0) screen.print(`restoring ${title} to ${event.target}`)
        return
      }
      counter.event(event)
      if (event.type === 'error') {
        screen.printError(`ignoring error for ${event.path}: ${event.error.message}`)
      }
      if (event.type === 'item' && verbosity >= 3) screen.print(itemText(event, folder))
    },
    result: (outcome) => {
      screen.clearStatus()
      const { summary, target, verify } = outcome
      const isComplete = summary.restored.entries === wantedCounts(summary).entries
      if (verbosity > 0 || !isComplete) screen.print(summaryText(outcome))
      if (verbosity > 0 && verify) {
        screen.print(`finished verifying ${summary.verified} files in ${target}`)
      }
      if (verbosity > 0) for (const line of notKeptLines(summary)) screen.print(line)
      if (summary.errors > 0) screen.printError(errorsText(summary))
    },
    [Symbol.dispose]: () => drawing?.[Symbol.dispose](),
  }
}

export function jsonReporter(screen: Screen, { globals }: CommandContext): RestoreReporter {
  const { verbosity, progressFps } = globals
  const counter = new RestoreCounter(performance.now())
  const draw = (): void => printJson(screen, counter.statusObject(performance.now()))
  const isDrawn = progressFps !== undefined || verbosity > 0
  const drawing = isDrawn ? repeatedly(1000 / (progressFps ?? jsonFps), draw) : undefined
  let folder = ''
  return {
    event: (event) => {
      if (event.type === 'start') {
        folder = resolve(event.target)
        return
      }
      counter.event(event)
      if (event.type === 'error') screen.printError(jsonText(errorObject(event)))
      if (event.type === 'item' && verbosity >= 3) {
        const { action, size } = event
        const item = shownPath(event, folder)
        printJson(screen, { message_type: 'verbose_status', action, item, size })
      }
    },
    result: (outcome) => {
      printJson(screen, summaryObject(outcome))
      if (outcome.summary.errors === 0) return
      const message = errorsText(outcome.summary)
      screen.printError(jsonText({ message_type: 'exit_error', code: 1, message }))
    },
    [Symbol.dispose]: () => drawing?.[Symbol.dispose](),
  }
}

function errorsText({ errors }: RestoreSummary): string {
  return `Fatal: There were ${errors} errors`
}

type ItemEvent = Extract<RestoreEvent, { type: 'item' }>

function itemText(event: ItemEvent, folder: string): string {
  const { action, size } = event
  const line = `${action.padEnd(9)} ${shownPath(event, folder)}`
  // What was restored and has no size is seldom a file; what stood there before mostly is one.
  const isSized = action === 'restored' ? size > 0 : action !== 'deleted'
  return isSized ? `${line} with size ${formatSize(size)}` : line
}

/** As in the snapshot; what was deleted is not in it, and is told as it stood in the target. */
function shownPath({ action, path }: ItemEvent, folder: string): string {
  return action === 'deleted' ? join(folder, path) : path
}

function summaryText({ summary, durationMs }: Outcome): string {
  const { restored, unchanged, deleted } = summary
  const total = wantedCounts(summary)
  const isComplete = restored.entries === total.entries && restored.bytes === total.bytes
  const entries = isComplete ? `${total.entries}` : `${restored.entries} / ${total.entries}`
  const bytes = isComplete
    ? formatSize(total.bytes)
    : `${formatSize(restored.bytes)} / ${formatSize(total.bytes)}`
  const skipped =
    unchanged.entries === 0
      ? ''
      : `, skipped ${unchanged.entries} files/dirs ${formatSize(unchanged.bytes)}`
  const gone = deleted === 0 ? '' : `, deleted ${deleted} files/dirs`
  return `Summary: Restored ${entries} files/dirs (${bytes}) in ${formatElapsed(durationMs)}${skipped}${gone}`
}

/** As restic counts: what was right already is no part of the whole. */
function wantedCounts({ total, unchanged }: RestoreSummary): RestoreCounts {
  return { entries: total.entries - unchanged.entries, bytes: total.bytes - unchanged.bytes }
}

function notKeptLines({ notKept }: RestoreSummary): string[] {
  const things = Object.entries(notKept).map(([thing, count]) => `${thing} of ${count}`)
  return things.length === 0 ? [] : [`Not kept by this system: ${things.join(', ')} files/dirs`]
}

function errorObject({ path, error }: Extract<RestoreEvent, { type: 'error' }>): object {
  return {
    message_type: 'error',
    error: { message: error.message },
    during: 'restore',
    item: path,
  }
}

function summaryObject({ summary, durationMs }: Outcome): object {
  const { restored, unchanged, deleted, notKept } = summary
  const total = wantedCounts(summary)
  return {
    message_type: 'summary',
    seconds_elapsed: Math.floor(durationMs / 1000) || undefined,
    total_files: total.entries || undefined,
    files_restored: restored.entries || undefined,
    files_skipped: unchanged.entries || undefined,
    files_deleted: deleted || undefined,
    total_bytes: total.bytes || undefined,
    bytes_restored: restored.bytes || undefined,
    bytes_skipped: unchanged.bytes || undefined,
    not_kept: Object.keys(notKept).length === 0 ? undefined : notKept,
  }
}
