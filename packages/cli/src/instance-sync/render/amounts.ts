import { twoDigits } from '../../shared/units.ts'

const units = ['KiB', 'MiB', 'GiB', 'TiB']

/** `812 B`, `12.3 MiB`: as exact as a person wants it. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  let value = bytes / 1024
  let unit = 0
  // What would be shown as 1024.0 of one unit is 1.0 of the next.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(1)} ${units[unit]}`
}

/** `1 file`, `12 files`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `12 ms`, `3.4 s`, `2 min 5 s`. */
export function durationText(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `2026-11-21 18:30`, in local time, of an RFC 3339 time. */
export function timeText(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return shown(time)
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join(
    '-',
  )
  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`
}

/** A text from elsewhere, without what would control the terminal or reverse the line. */
export function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?')
}

/** The first characters of an id, as restic shows it. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}
