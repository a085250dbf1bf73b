import type { StoredSnapshot } from 'restic-core'
import { formatLocalTime } from '../../shared/local-time.ts'
import { twoDigits } from '../../shared/units.ts'
import { parseTime, snapshotMembers } from 'restic-core/format'

/** A snapshot as restic's JSON shows it: its stored members, then its id in both lengths. */
export function snapshotObject(snapshot: StoredSnapshot): Record<string, unknown> {
  return {
    ...Object.fromEntries(snapshotMembers(snapshot)),
    id: snapshot.id,
    short_id: shortId(snapshot),
  }
}

export function shortId({ id }: StoredSnapshot): string {
  return id.slice(0, 8)
}

/** `snapshot 7c1bfe53 of [/home] at 2026-11-21 01:21:23 +0000 UTC by user@host`. */
export function snapshotTitle(snapshot: StoredSnapshot): string {
  const { paths, time, username, hostname } = snapshot
  return `snapshot ${shortId(snapshot)} of [${paths.join(' ')}] at ${goTime(time)} by ${username}@${hostname}`
}

/** A time as Go prints it: `2026-11-21 01:21:23.5 +0100 CET`. */
function goTime(text: string): string {
  const [, date = '', clock = '', fraction = '', zone = 'Z'] =
    /^(.{10})T(.{8})(\.\d+)?(.*)$/.exec(text) ?? []
  const offset = zone === 'Z' ? '+0000' : zone.replace(':', '')
  return `${date} ${clock}${fraction} ${offset} ${zone === 'Z' ? 'UTC' : zoneName(text, offset)}`
}

/** Go names a zone only where it is the local one at that time. */
function zoneName(time: string, offset: string): string {
  const date = dateOf(time)
  const minutes = -date.getTimezoneOffset()
  const sign = minutes < 0 ? '-' : '+'
  const local = `${sign}${twoDigits(Math.floor(Math.abs(minutes) / 60))}${twoDigits(Math.abs(minutes) % 60)}`
  return local === offset ? localZone(date) : offset
}

function dateOf(time: string): Date {
  return new Date(Number(parseTime(time) / 1_000_000n))
}

/** The short name of the local time zone at a moment, such as CET or CEST. */
function localZone(date: Date): string {
  // Which zones have names depends on the language; the British one has those of Europe.
  const names = ['en-US', 'en-GB', 'en-AU'].map(
    (locale) =>
      new Intl.DateTimeFormat(locale, { timeZoneName: 'short' })
        .formatToParts(date)
        .find(({ type }) => type === 'timeZoneName')?.value ?? '',
  )
  return names.find((name) => /^[A-Z]{3,5}$/.test(name)) ?? names[0] ?? ''
}

/** `YYYY-MM-DD hh:mm:ss` in local time. */
export function localTime(time: string): string {
  return formatLocalTime(parseTime(time))
}
