import { dateOfDays, daysOfDate } from '../format/time.ts'

/** Seconds that local time is ahead of UTC at an instant, in whole seconds since 1970. */
export interface UtcOffset {
  (epochSeconds: number): number
}

const secondsPerDay = 86_400
const secondsPerHour = 3600

/** One of the two changes of a year: its day, in days since 1970, and the local seconds of that day. */
interface Change {
  readonly day: (year: number) => number
  readonly seconds: number
}

const name = '(?:[A-Za-z]{3,}|<[^>]+>)'
const time = String.raw`[+-]?\d{1,3}(?::\d{1,2}){0,2}`
const day = String.raw`(?:J\d{1,3}|\d{1,3}|M\d{1,2}\.\d\.\d)(?:/${time})?`
const pattern = new RegExp(
  `^${name}(?<standard>${time})(?:${name}(?<summer>${time})?,(?<start>${day}),(?<end>${day}))?$`,
)

/**
 * A time zone as POSIX writes one, such as `CET-1CEST,M3.5.0,M10.5.0/3`: offsets are those of UTC
 * from local time, and the days those of the first change to summer time and of the one back.
 *
 * Source: RFC 9636, section 3.3, and Go's `tzset`.
 *
 * @returns undefined when it is not one
 */
export function parseZoneRule(text: string): UtcOffset | undefined {
  const parts = pattern.exec(text)?.groups
  if (parts === undefined) return undefined
  const standard = 0 - secondsOf(parts['standard'] ?? '')
  const { summer: given, start, end } = parts
  if (start === undefined || end === undefined) return () => standard
  const summer = given === undefined ? standard + secondsPerHour : 0 - secondsOf(given)
  const toSummer = parseChange(start)
  const back = parseChange(end)
  return (epochSeconds) => {
    const { year } = dateOfDays(Math.floor(epochSeconds / secondsPerDay))
    const from = toSummer.day(year) * secondsPerDay + toSummer.seconds - standard
    const to = back.day(year) * secondsPerDay + back.seconds - summer
    // In the south summer begins in one year and ends in the next.
    const isSummer =
      from <= to
        ? epochSeconds >= from && epochSeconds < to
        : epochSeconds >= from || epochSeconds < to
    return isSummer ? summer : standard
  }
}

/** `[+-]hours[:minutes[:seconds]]` in seconds. */
function secondsOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number)
  const size = hours * secondsPerHour + minutes * 60 + seconds
  return text.startsWith('-') ? -size : size
}

function parseChange(text: string): Change {
  const [date = '', at = '2'] = text.split('/')
  return { day: parseDay(date), seconds: secondsOf(at) }
}

/** Days since 1970 of a day of the year: `Jn` counts from 1 without 29 February, `n` from 0 with it. */
function parseDay(date: string): Change['day'] {
  if (date.startsWith('M')) return weekdayOfMonth(date)
  if (!date.startsWith('J')) return (year) => daysOfDate(year, 1, 1) + Number(date)
  const number = Number(date.slice(1))
  // The first of March is day 60, in every year.
  return (year) =>
    number < 60 ? daysOfDate(year, 1, number) : daysOfDate(year, 3, 1) + number - 60
}

/** `Mmonth.week.weekday`: week 5 is the last, weekday 0 a Sunday. */
function weekdayOfMonth(date: string): Change['day'] {
  const [month = 1, week = 1, weekday = 0] = date.slice(1).split('.').map(Number)
  return (year) => {
    const first = daysOfDate(year, month, 1)
    const next = month === 12 ? daysOfDate(year + 1, 1, 1) : daysOfDate(year, month + 1, 1)
    // 1970 began on a Thursday.
    const firstWeekday = (((first + 4) % 7) + 7) % 7
    const found = first + ((weekday - firstWeekday + 7) % 7) + (week - 1) * 7
    return found < next ? found : found - 7
  }
}
