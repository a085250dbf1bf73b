import type { SyncEvent } from '@instance-sync/sync'
import { type Screen, repeatedly } from '../shared/screen.ts'
import { formatElapsed } from '../shared/units.ts'
import { printJson } from '../restic-ts/render/json.ts'
import { countText, sizeText } from './render/amounts.ts'
import { noticeText } from './render/notice.ts'

/** A terminal is redrawn ten times a second; a log gets a line now and then, and none of quick work. */
const terminalIntervalMs = 100
const logIntervalMs = 10_000
const jsonIntervalMs = 500
/** Work that takes less than this needs no estimate of the time left. */
const estimateAfterMs = 1_000

interface ProgressOptions {
  readonly json: boolean
  readonly quiet: boolean
}

/** How far a command is, put together from its events and shown while it works. */
export class Progress implements Disposable {
  readonly #screen: Screen
  readonly #options: ProgressOptions
  readonly #timer: Disposable | undefined
  readonly #steps = new Map<'read' | 'fetch', Step>()
  #sent = 0
  #isPaused = false
  #pausedMs = 0
  #isStale = false

  constructor(screen: Screen, options: ProgressOptions) {
    this.#screen = screen
    this.#options = options
    this.#timer = options.quiet ? undefined : repeatedly(this.#intervalMs, () => this.#draw())
  }

  get #intervalMs(): number {
    if (this.#options.json) return jsonIntervalMs
    return this.#screen.isTerminal ? terminalIntervalMs : logIntervalMs
  }

  event(event: SyncEvent): void {
    if (event.type === 'read' || event.type === 'fetch') {
      const { bytes, bytesTotal, filesTotal } = event
      const before = this.#steps.get(event.type)
      // Files may be read twice: to compare, and then to store.
      const isSame = before !== undefined && before.bytes <= bytes
      const sinceMs = isSame ? before.sinceMs : performance.now()
      this.#steps.delete(event.type)
      this.#steps.set(event.type, { bytes, bytesTotal, filesTotal, sinceMs })
      this.#isStale = true
      return
    }
    if (event.type === 'sent') {
      this.#sent += event.bytes
      this.#isStale = true
      return
    }
    if (this.#options.json) printJson(this.#screen, { message_type: 'event', ...event })
    else this.#notice(event)
  }

  /** How long somebody took to answer questions, which is no work of ours. */
  get pausedMs(): number {
    return this.#pausedMs
  }

  /** Nothing is drawn until `work` has ended: somebody is asked a question. */
  async paused<T>(work: () => Promise<T>): Promise<T> {
    this.#isPaused = true
    this.#screen.clearStatus()
    const startMs = performance.now()
    try {
      return await work()
    } finally {
      this.#pausedMs += performance.now() - startMs
      this.#isPaused = false
    }
  }

  end(): void {
    this.#timer?.[Symbol.dispose]()
    this.#screen.clearStatus()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #notice(event: SyncEvent): void {
    const notice = noticeText(event)
    if (notice === undefined) return
    if (notice.isWarning) this.#screen.printError(notice.text)
    else if (!this.#options.quiet) this.#screen.print(notice.text)
  }

  #draw(): void {
    const [kind, step] = [...this.#steps].at(-1) ?? []
    if (kind === undefined || step === undefined || this.#isPaused || !this.#isStale) return
    this.#isStale = false
    const nowMs = performance.now()
    if (this.#options.json) printJson(this.#screen, statusObject(kind, step, this.#sent, nowMs))
    else this.#screen.status([statusLine(kind, step, this.#sent, nowMs)])
  }
}

/** One part of the work: what is here is read, or what is there is fetched. */
export interface Step {
  readonly bytes: number
  readonly bytesTotal: number
  readonly filesTotal: number
  /** when it began, on the clock of `performance.now()` */
  readonly sinceMs: number
}

/** `fetching 12.0 MiB of 40.1 MiB in 83 files, 30 %, 8.1 MiB/s, 0:03 left`. */
export function statusLine(
  kind: 'read' | 'fetch',
  step: Step,
  sent: number,
  nowMs: number,
): string {
  const { bytes, bytesTotal, filesTotal } = step
  const percent = bytesTotal === 0 ? 100 : Math.min(100, Math.floor((100 * bytes) / bytesTotal))
  const parts = [
    `${kind === 'read' ? 'reading' : 'fetching'} ${sizeText(bytes)} of ${sizeText(bytesTotal)} in ${countText(filesTotal, 'file')}`,
    `${percent} %`,
  ]
  const elapsedMs = nowMs - step.sinceMs
  if (sent > 0) parts.push(`${sizeText(sent)} sent`)
  if (elapsedMs >= estimateAfterMs && bytes > 0) {
    parts.push(`${sizeText(Math.round((1000 * bytes) / elapsedMs))}/s`)
    const leftMs = (elapsedMs / bytes) * Math.max(0, bytesTotal - bytes)
    parts.push(`${formatElapsed(leftMs)} left`)
  }
  return parts.join(', ')
}

function statusObject(kind: string, step: Step, sent: number, nowMs: number): object {
  return {
    message_type: 'status',
    step: kind,
    bytes_done: step.bytes,
    total_bytes: step.bytesTotal,
    total_files: step.filesTotal,
    bytes_sent: sent,
    percent_done: step.bytesTotal === 0 ? 1 : Math.min(1, step.bytes / step.bytesTotal),
    seconds_elapsed: Math.floor((nowMs - step.sinceMs) / 1000),
  }
}
