import type { CheckEvent, Finding } from 'restic-core'
import { type Screen, repeatedly } from '../../shared/screen.ts'
import { formatElapsed, formatPercent } from '../../shared/units.ts'
import type { CommandContext, Reporter } from '../command.ts'
import { jsonText, printJson } from '../render/json.ts'

/** What a check tells: its stages and findings. */
export type Event =
  | CheckEvent
  | { readonly type: 'step'; readonly text: string }
  | { readonly type: 'finding'; readonly finding: Finding }

/** What became of it, in the numbers of restic's summary. */
export interface Outcome {
  readonly errors: number
  /** ids of packs that are there and damaged */
  readonly brokenPacks: readonly string[]
  readonly unusedPacks: number
  readonly suggestsRepairIndex: boolean
  readonly suggestsPrune: boolean
}

/** Puts the outcome together as findings come. */
export class OutcomeBuilder {
  readonly #brokenPacks = new Set<string>()
  #errors = 0
  #unusedPacks = 0
  #suggestsRepairIndex = false
  #suggestsPrune = false

  add(finding: Finding): void {
    if (finding.severity === 'error') this.#errors++
    if (finding.kind === 'pack-broken') this.#brokenPacks.add(finding.pack)
    if (finding.kind === 'pack-unused') this.#unusedPacks++
    if ('advice' in finding) {
      this.#suggestsRepairIndex ||= finding.advice === 'repair-index'
      this.#suggestsPrune ||= finding.advice === 'prune'
    }
  }

  outcome(): Outcome {
    return {
      errors: this.#errors,
      brokenPacks: [...this.#brokenPacks],
      unusedPacks: this.#unusedPacks,
      suggestsRepairIndex: this.#suggestsRepairIndex,
      suggestsPrune: this.#suggestsPrune,
    }
  }
}

const damagedText = 'Fatal: repository contains errors'

const stages = {
  index: { text: 'load indexes', unit: 'index files' },
  packs: { text: 'check all packs', unit: 'packs' },
  trees: { text: 'check snapshots, trees and blobs', unit: 'trees' },
  data: { text: 'read data', unit: 'packs' },
} as const

export function textReporter(
  screen: Screen,
  { globals }: CommandContext,
): Reporter<Event, Outcome> {
  const { verbosity, progressFps } = globals
  const stageReport = new StageReport(screen, verbosity > 0)
  const isDrawn = verbosity > 0 && (progressFps !== undefined || screen.isTerminal)
  const drawing = isDrawn
    ? repeatedly(1000 / (progressFps ?? 15), () => stageReport.draw())
    : undefined
  return {
    event: (event) => {
      if (event.type === 'step' && verbosity > 0) screen.print(event.text)
      if (event.type === 'checked') stageReport.checked(event)
      if (event.type === 'finding') {
        const { severity, what, text } = event.finding
        if (severity === 'error') screen.printError(`error: ${what}: ${text}`)
        else if (verbosity > 1) screen.print(`${what}: ${text}`)
      }
    },
    result: (outcome) => {
      stageReport.end()
      for (const line of adviceLines(outcome)) screen.printError(line)
      if (outcome.errors > 0) screen.printError(damagedText)
      else if (verbosity > 0) screen.print('no errors were found')
    },
    [Symbol.dispose]: () => drawing?.[Symbol.dispose](),
  }
}

export function jsonReporter(screen: Screen): Reporter<Event, Outcome> {
  return {
    event: (event) => {
      if (event.type !== 'finding' || event.finding.severity !== 'error') return
      const message = `${event.finding.what}: ${event.finding.text}`
      screen.printError(jsonText({ message_type: 'error', message }))
    },
    result: (outcome) => {
      printJson(screen, {
        message_type: 'summary',
        num_errors: outcome.errors,
        broken_packs: outcome.brokenPacks.length === 0 ? null : outcome.brokenPacks,
        suggest_repair_index: outcome.suggestsRepairIndex,
        suggest_prune: outcome.suggestsPrune,
      })
      if (outcome.errors === 0) return
      const exit = { message_type: 'exit_error', code: 1, message: damagedText }
      screen.printError(jsonText(exit))
    },
  }
}

/** Names each stage as it begins and counts it when it ends. */
class StageReport {
  readonly #screen: Screen
  readonly #isShown: boolean
  #current: CheckEvent | undefined
  #startMs = 0

  constructor(screen: Screen, isShown: boolean) {
    this.#screen = screen
    this.#isShown = isShown
  }

  checked(event: CheckEvent): void {
    if (event.stage !== this.#current?.stage) {
      this.end()
      this.#startMs = performance.now()
      if (this.#isShown) this.#screen.print(stages[event.stage].text)
    }
    this.#current = event
  }

  draw(): void {
    if (this.#current !== undefined) this.#screen.status([this.#line(this.#current)])
  }

  end(): void {
    this.#screen.clearStatus()
    const last = this.#current
    if (last !== undefined && last.total > 0 && this.#isShown) this.#screen.print(this.#line(last))
    this.#current = undefined
  }

  #line({ stage, done, total }: CheckEvent): string {
    const elapsed = formatElapsed(performance.now() - this.#startMs)
    const percent = formatPercent(done, total)
    return `[${elapsed}] ${percent.padStart(7)}  ${done} / ${total} ${stages[stage].unit}`
  }
}

function adviceLines(outcome: Outcome): string[] {
  const lines: string[] = []
  if (outcome.unusedPacks > 0) {
    lines.push(
      `${outcome.unusedPacks} additional files were found in the repo, which likely contain duplicate data.`,
      'This is non-critical, you can run `restic prune` to correct this.',
    )
  }
  if (outcome.suggestsRepairIndex) {
    lines.push('The index can be made anew from the packs: run `restic repair index`.')
  }
  if (outcome.brokenPacks.length > 0) {
    lines.push(
      'The repository contains damaged pack files. What can be saved of them is saved by:',
      `restic repair packs ${outcome.brokenPacks.join(' ')}`,
      'restic repair snapshots --forget',
    )
  }
  return lines
}
