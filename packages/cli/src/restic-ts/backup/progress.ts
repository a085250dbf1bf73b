import type { BackupEvent } from 'restic-core'
import { formatElapsed, formatPercent, formatSize } from '../../shared/units.ts'
import type { ScanTotals } from './scan.ts'

/** How far a backup is, put together from its events. Times are milliseconds on one clock. */
export class BackupProgress {
  readonly #startMs: number
  readonly #started = new Map<string, { readonly sinceMs: number; bytes: number }>()
  #totals: ScanTotals | undefined
  #scanned = false
  #files = 0
  #bytes = 0
  #errors = 0

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  scan(totals: ScanTotals, finished: boolean): void {
    this.#totals = totals
    this.#scanned = finished
  }

  /** @returns how long the item took, for the item events of files that were read */
  event(event: BackupEvent, nowMs: number): number {
    if (event.type === 'skipped') this.#errors++
    if (event.type === 'read') {
      const file = this.#started.get(event.path) ?? { sinceMs: nowMs, bytes: 0 }
      this.#started.set(event.path, { ...file, bytes: file.bytes + event.bytes })
      this.#bytes += event.bytes
    }
    if (event.type !== 'item' || event.kind !== 'file') return 0
    const read = this.#started.get(event.path)
    this.#started.delete(event.path)
    this.#bytes += event.bytes - (read?.bytes ?? 0)
    this.#files++
    return read === undefined ? 0 : nowMs - read.sinceMs
  }

  #remainingMs(elapsedMs: number): number | undefined {
    if (!this.#scanned || this.#totals === undefined || this.#bytes === 0) return undefined
    return (elapsedMs / this.#bytes) * Math.max(0, this.#totals.bytes - this.#bytes)
  }

  /** The status of restic's JSON; what is zero or unknown is left out. */
  statusObject(nowMs: number): Record<string, unknown> {
    const elapsedMs = nowMs - this.#startMs
    const remainingMs = this.#remainingMs(elapsedMs) ?? 0
    const totals = this.#totals ?? { files: 0, bytes: 0 }
    const current = [...this.#started.keys()].toSorted()
    return {
      message_type: 'status',
      seconds_elapsed: Math.floor(elapsedMs / 1000) || undefined,
      seconds_remaining: Math.floor(remainingMs / 1000) || undefined,
      percent_done: totals.bytes === 0 ? 0 : Math.min(1, this.#bytes / totals.bytes),
      total_files: totals.files || undefined,
      files_done: this.#files || undefined,
      total_bytes: totals.bytes || undefined,
      bytes_done: this.#bytes || undefined,
      error_count: this.#errors || undefined,
      current_files: current.length === 0 ? undefined : current,
    }
  }

  /** The same for a terminal: one line of numbers, then the files being read. */
  statusLines(nowMs: number): readonly string[] {
    const elapsedMs = nowMs - this.#startMs
    const clock = `[${formatElapsed(elapsedMs)}]`
    const done = `${this.#files} files ${formatSize(this.#bytes)}`
    const errors = `${this.#errors} errors`
    const current = [...this.#started.keys()].toSorted()
    if (this.#totals === undefined) return [`${clock} ${done}, ${errors}`, ...current]
    const total = `total ${this.#totals.files} files ${formatSize(this.#totals.bytes)}`
    if (!this.#scanned) return [`${clock} ${done}, ${total}, ${errors}`, ...current]
    const percent = formatPercent(this.#bytes, this.#totals.bytes)
    const remainingMs = this.#remainingMs(elapsedMs)
    const eta = remainingMs === undefined ? '' : ` ETA ${formatElapsed(remainingMs)}`
    return [`${clock} ${percent}  ${done}, ${total}, ${errors}${eta}`, ...current]
  }
}
