import type { RestoreEvent } from 'restic-core'
import { formatElapsed, formatPercent, formatSize } from '../../shared/units.ts'

/** How far a restore is, put together from its events. Times are milliseconds on one clock. */
export class RestoreCounter {
  readonly #startMs: number
  #total = { entries: 0, bytes: 0 }
  #restored = { entries: 0, bytes: 0 }
  #skipped = { entries: 0, bytes: 0 }
  #deleted = 0

  constructor(startMs: number) {
    this.#startMs = startMs
  }

  event(event: RestoreEvent): void {
    switch (event.type) {
      case 'total':
        // As restic counts: what is right already is no part of the whole.
        this.#total = { entries: event.entries - this.#skipped.entries, bytes: event.bytes }
        return
      case 'bytes':
        this.#restored.bytes += event.restored
        this.#skipped.bytes += event.unchanged
        this.#total.bytes -= event.unchanged
        return
      case 'item':
        if (event.action === 'deleted') this.#deleted++
        else if (event.action === 'unchanged') this.#skipped.entries++
        else this.#restored.entries++
        return
      case 'error':
        return
    }
  }

  /** The status of restic's JSON; what is zero is left out. */
  statusObject(nowMs: number): Record<string, unknown> {
    return {
      message_type: 'status',
      seconds_elapsed: Math.floor((nowMs - this.#startMs) / 1000) || undefined,
      percent_done: this.#total.bytes === 0 ? 0 : this.#restored.bytes / this.#total.bytes,
      total_files: this.#total.entries || undefined,
      files_restored: this.#restored.entries || undefined,
      files_skipped: this.#skipped.entries || undefined,
      files_deleted: this.#deleted || undefined,
      total_bytes: this.#total.bytes || undefined,
      bytes_restored: this.#restored.bytes || undefined,
      bytes_skipped: this.#skipped.bytes || undefined,
    }
  }

  statusLine(nowMs: number): string {
    const clock = `[${formatElapsed(nowMs - this.#startMs)}]`
    const percent = formatPercent(this.#restored.bytes, this.#total.bytes)
    const done = `${this.#restored.entries} files/dirs ${formatSize(this.#restored.bytes)}`
    const total = `total ${this.#total.entries} files/dirs ${formatSize(this.#total.bytes)}`
    return `${clock} ${percent}  ${done}, ${total}`
  }
}
