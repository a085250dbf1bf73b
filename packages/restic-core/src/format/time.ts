import type { Clock } from '../base/clock.ts'

/** Go's zero time, which stands where a time is missing. */
export const zeroTime = '0001-01-01T00:00:00Z'

const yearMax = 9999
const secondsPerDay = 86_400
const nsPerSecond = 1_000_000_000
const nsPerSecondBig = 1_000_000_000n
/** What a Date can hold; clocks need not know time zones further out. */
const clockSecondsMax = 8_640_000_000_000

const twoDigits: readonly string[] = Array.from({ length: 100 }, (_, value) =>
  String(value).padStart(2, '0'),
)

/**
 * A time as restic writes it: `2024-05-06T07:08:09.123456789+02:00`, with the offset that local time
 * has at that instant, `Z` for none, no trailing zeros in the fraction, and no fraction when zero.
 * Offsets with seconds, as before standard time, are cut to minutes. A year outside 0 to 9999
 * becomes the nearest inside, the rest of the local date and time staying as it is.
 *
 * @param ns nanoseconds since 1970-01-01T00:00:00Z
 */
export function formatTime(ns: bigint, clock: Clock): string {
  let seconds = Number(ns / nsPerSecondBig)
  let fraction = Number(ns % nsPerSecondBig)
  if (fraction < 0) {
    seconds -= 1
    fraction += nsPerSecond
  }
  return formatSeconds(seconds, fraction, clock)
}

function formatSeconds(seconds: number, fraction: number, clock: Clock): string {
  const offset = clock.utcOffset(Math.max(-clockSecondsMax, Math.min(clockSecondsMax, seconds)))
  const local = seconds + offset
  const days = Math.floor(local / secondsPerDay)
  const { year, month, day } = dateOfDays(days)
  const timeOfDay = local - days * secondsPerDay
  if (year < 0 || year > yearMax) {
    const clampedDays = daysOfDate(year < 0 ? 0 : yearMax, month, day)
    const clamped = instantOfLocal(clampedDays * secondsPerDay + timeOfDay, clock)
    return formatSeconds(clamped, fraction, clock)
  }
  const hour = Math.floor(timeOfDay / 3600)
  const minute = Math.floor(timeOfDay / 60) % 60
  const date = `${twoDigits[Math.floor(year / 100)]}${twoDigits[year % 100]}-${twoDigits[month]}-${twoDigits[day]}`
  const time = `${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[timeOfDay % 60]}`
  return `${date}T${time}${formatFraction(fraction)}${formatOffset(offset)}`
}

function formatFraction(fraction: number): string {
  if (fraction === 0) return ''
  let digits = fraction
  let width = 9
  while (digits % 10 === 0) {
    digits /= 10
    width--
  }
  return `.${String(digits).padStart(width, '0')}`
}

function formatOffset(offset: number): string {
  if (offset === 0) return 'Z'
  const minutes = Math.trunc(offset / 60)
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${twoDigits[Math.floor(size / 60)]}:${twoDigits[size % 60]}`
}

/** As Go's time.Date: near a change of the clocks the offset after it may be taken. */
function instantOfLocal(local: number, clock: Clock): number {
  return local - clock.utcOffset(local - clock.utcOffset(local))
}

const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/

/** Whether `text` is a time as `formatTime` writes it, with any number of digits in the fraction. */
export function isTime(text: string): boolean {
  const parts = timePattern.exec(text)
  return parts !== null && isDate(Number(parts[1]), Number(parts[2]), Number(parts[3]))
}

/**
 * Nanoseconds since 1970-01-01T00:00:00Z; digits beyond nanoseconds are dropped.
 *
 * @throws TypeError when `text` is not a time; `isTime` tells beforehand
 */
export function parseTime(text: string): bigint {
  const parts = timePattern.exec(text)
  if (parts === null || !isTime(text)) throw new TypeError(`not a time: ${JSON.stringify(text)}`)
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHour, zoneMinute] =
    parts
  const days = daysOfDate(Number(year), Number(month), Number(day))
  const local = days * secondsPerDay + Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  const offset = sign === undefined ? 0 : Number(zoneHour) * 3600 + Number(zoneMinute) * 60
  const seconds = sign === '-' ? local + offset : local - offset
  return BigInt(seconds) * nsPerSecondBig + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const next = month === 12 ? daysOfDate(year + 1, 1, 1) : daysOfDate(year, month + 1, 1)
  return day <= next - daysOfDate(year, month, 1)
}

// The calendar repeats every 400 years. Years here begin with March, so that the leap day comes last.
const daysPerEra = 146_097
/** From 0000-03-01 to 1970-01-01. */
const epochDays = 719_468

/** Days since 1970-01-01 of a date in the Gregorian calendar, extended before its time. */
function daysOfDate(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return era * daysPerEra + yearOfEra * 365 + leapDays + dayOfYear - epochDays
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const era = Math.floor((days + epochDays) / daysPerEra)
  const dayOfEra = days + epochDays - era * daysPerEra
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return { year, month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1 }
}
