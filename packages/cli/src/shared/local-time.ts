import { systemClock } from 'restic-core/node'
import { Failure } from './failure.ts'
import { twoDigits } from './units.ts'

/** Seconds that local time is ahead of UTC, at a moment in seconds since 1970. */
type UtcOffset = (epochSeconds: number) => number

/** As times are stored, which `Date` would read otherwise for a `TZ` that names no file of a zone. */
const clock = systemClock()
const systemOffset: UtcOffset = (epochSeconds) => clock.utcOffset(epochSeconds)

/** Go takes an hour of one digit, and a fraction of a second after either sign. */
const localTimePattern = /^(\d{4})-(\d\d)-(\d\d) (\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?$/

/**
 * A moment in local time as restic's `--time` takes it: `YYYY-MM-DD hh:mm:ss`. Of an hour that a
 * change of the clocks repeats or leaves out, the moment is the one that Go takes.
 *
 * @returns nanoseconds since 1970
 * @throws Failure when `text` is no such moment
 */
export function parseLocalTime(text: string, utcOffset: UtcOffset = systemOffset): bigint {
  const parts = localTimePattern.exec(text)?.slice(1)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts?.map(Number) ?? []
  const date = new Date(0)
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  const isReal =
    parts !== undefined &&
    month === date.getUTCMonth() + 1 &&
    day === date.getUTCDate() &&
    hour < 24 &&
    minute < 60 &&
    second < 60
  if (!isReal) throw new Failure(`${text} is not a time like 2006-01-02 15:04:05`)
  const wall = date.getTime() / 1000
  const guess = utcOffset(wall)
  const actual = utcOffset(wall - guess)
  const fractionNs = BigInt((parts[6] ?? '').slice(0, 9).padEnd(9, '0'))
  return BigInt(wall - actual) * 1_000_000_000n + fractionNs
}

/** `YYYY-MM-DD hh:mm:ss` in local time. */
export function formatLocalTime(timeNs: bigint, utcOffset: UtcOffset = systemOffset): string {
  const epochSeconds = Number(timeNs / 1_000_000_000n) - (timeNs % 1_000_000_000n < 0n ? 1 : 0)
  const date = new Date((epochSeconds + utcOffset(epochSeconds)) * 1000)
  const year = date.getUTCFullYear().toString().padStart(4, '0')
  const day = [year, twoDigits(date.getUTCMonth() + 1), twoDigits(date.getUTCDate())]
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
  return `${day.join('-')} ${time.map(twoDigits).join(':')}`
}
