import { type Screen, repeatedly } from '../../shared/screen.ts'
import type { CommandContext, Reporter } from '../command.ts'
import { jsonText, printJson } from '../render/json.ts'
import type { Event, ItemEvent, Outcome } from './events.ts'
import {
  errorObject,
  incompleteParentObject,
  itemObject,
  lostTreeObject,
  scannedObject,
  summaryObject,
} from './objects.ts'
import { BackupProgress } from './progress.ts'
import {
  incompleteParentText,
  incompleteText,
  itemText,
  lostTreeText,
  parentText,
  scannedText,
  summaryLines,
} from './text.ts'

type BackupReporter = Reporter<Event, Outcome>

export function textReporter(screen: Screen, { globals }: CommandContext): BackupReporter {
  const { verbosity, progressFps } = globals
  const progress = new BackupProgress(performance.now())
  const draw = (): void => screen.status(progress.statusLines(performance.now()))
  const isDrawn = progressFps !== undefined || (screen.isTerminal && verbosity > 0)
  const drawing = isDrawn ? repeatedly(1000 / (progressFps ?? terminalFps), draw) : undefined
  const print = (level: number, text: string): void => {
    if (verbosity >= level) screen.print(text)
  }
  return {
    event: (event) => {
      const durationMs = track(progress, event)
      if (event.type === 'skipped') screen.printError(`error: ${event.error.message}`)
      if (event.type === 'incomplete-parent') {
        screen.printError(`error: ${incompleteParentText(event.source)}`)
      }
      if (event.type === 'lost-parent-tree') screen.printError(`error: ${lostTreeText(event)}`)
      if (event.type === 'step') print(2, event.text)
      if (event.type === 'parent') print(1, parentText(event.parent))
      if (event.type === 'scanned' && event.finished) print(2, scannedText(event))
      if (isShown(event) && verbosity >= 3) screen.print(itemText(event, durationMs))
    },
    result: (outcome) => {
      screen.clearStatus()
      for (const path of outcome.unstable) screen.printError(`${path} changed while it was read`)
      if (verbosity > 0) for (const line of summaryLines(outcome, verbosity)) screen.print(line)
      if (outcome.incomplete) screen.printError(incompleteText)
    },
    [Symbol.dispose]: () => drawing?.[Symbol.dispose](),
  }
}

export function jsonReporter(screen: Screen, { globals }: CommandContext): BackupReporter {
  const { verbosity, progressFps } = globals
  const progress = new BackupProgress(performance.now())
  const draw = (): void => printJson(screen, progress.statusObject(performance.now()))
  const isDrawn = progressFps !== undefined || verbosity > 0
  const drawing = isDrawn ? repeatedly(1000 / (progressFps ?? jsonFps), draw) : undefined
  return {
    event: (event) => {
      const durationMs = track(progress, event)
      if (event.type === 'skipped') screen.printError(jsonText(errorObject(event)))
      if (event.type === 'incomplete-parent') {
        screen.printError(jsonText(incompleteParentObject(event)))
      }
      if (event.type === 'lost-parent-tree') screen.printError(jsonText(lostTreeObject(event)))
      if (verbosity < 2) return
      if (event.type === 'scanned' && event.finished) printJson(screen, scannedObject(event))
      if (isShown(event) && verbosity >= 3) printJson(screen, itemObject(event, durationMs))
    },
    result: (outcome) => {
      for (const path of outcome.unstable) screen.printError(`${path} changed while it was read`)
      printJson(screen, summaryObject(outcome))
      if (outcome.incomplete) {
        const object = { message_type: 'exit_error', code: 3, message: incompleteText }
        screen.printError(jsonText(object))
      }
    },
    [Symbol.dispose]: () => drawing?.[Symbol.dispose](),
  }
}

/** Like restic, links and devices are not told one by one. */
function isShown(event: Event): event is ItemEvent {
  return event.type === 'item' && (event.kind === 'file' || event.kind === 'dir')
}

const terminalFps = 15
const jsonFps = 10

function track(progress: BackupProgress, event: Event): number {
  switch (event.type) {
    case 'scanned':
      progress.scan(event.totals, event.finished)
      return 0
    case 'step':
    case 'parent':
      return 0
    case 'item':
    case 'read':
    case 'pack':
    case 'skipped':
    case 'incomplete-parent':
    case 'lost-parent-tree':
      return progress.event(event, performance.now())
  }
}
