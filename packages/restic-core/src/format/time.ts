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

/** Whether `text` is a time as `formatTime` writes it, with any number of digits in the fraction. */
export function isTime(text: string): boolean {
  return readTime(text) !== undefined
}

/**
 * Nanoseconds since 1970-01-01T00:00:00Z; digits beyond nanoseconds are dropped.
 *
 * @throws TypeError when `text` is not a time; `isTime` tells beforehand
 */
export function parseTime(text: string): bigint {
  const time = readTime(text)
  if (time === undefined) throw new TypeError(`not a time: ${JSON.stringify(text)}`)
  return BigInt(time.seconds) * nsPerSecondBig + BigInt(time.fraction)
}

/** Seconds since 1970, and nanoseconds on top. Trees are full of times, so no pattern is matched. */
function readTime(text: string): { seconds: number; fraction: number } | undefined {
  const days = readDate(text)
  const timeOfDay = readTimeOfDay(text)
  let zoneAt = dateTimeLength
  let fraction = 0
  if (text[zoneAt] === '.') {
    zoneAt = endOfDigits(text, dateTimeLength + 1)
    fraction = Number(
      text.slice(dateTimeLength + 1, Math.min(zoneAt, fractionEndMax)).padEnd(9, '0'),
    )
    if (zoneAt === dateTimeLength + 1) return undefined
  }
  const seconds = days * secondsPerDay + timeOfDay - readOffset(text, zoneAt)
  return Number.isNaN(seconds) ? undefined : { seconds, fraction }
}

const dateTimeLength = '2024-05-06T07:08:09'.length
const fractionEndMax = '2024-05-06T07:08:09.123456789'.length

// What cannot be read is NaN, which every sum with it is too.

function readDate(text: string): number {
  const year = digitsAt(text, 0) * 100 + digitsAt(text, 2)
  const month = digitsAt(text, 5)
  const day = digitsAt(text, 8)
  if (text[4] !== '-' || text[7] !== '-' || text[10] !== 'T') return Number.NaN
  const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month)
  return isDate ? daysOfDate(year, month, day) : Number.NaN
}

function readTimeOfDay(text: string): number {
  const hour = digitsAt(text, 11)
  const minute = digitsAt(text, 14)
  const second = digitsAt(text, 17)
  if (text[13] !== ':' || text[16] !== ':') return Number.NaN
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : Number.NaN
}

/** Seconds that the zone at the end of `text` is ahead of UTC. */
function readOffset(text: string, at: number): number {
  const sign = text[at]
  if (sign === 'Z') return text.length === at + 1 ? 0 : Number.NaN
  const hours = digitsAt(text, at + 1)
  const minutes = digitsAt(text, at + 4)
  if (text[at + 3] !== ':' || text.length !== at + 6 || hours >= 24 || minutes >= 60) {
    return Number.NaN
  }
  if (sign !== '+' && sign !== '-') return Number.NaN
  return (hours * 3600 + minutes * 60) * (sign === '-' ? -1 : 1)
}

/** The number that two digits make. */
function digitsAt(text: string, at: number): number {
  const high = text.charCodeAt(at) - 0x30
  const low = text.charCodeAt(at + 1) - 0x30
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : Number.NaN
}

function endOfDigits(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++
  return at
}

function daysInMonth(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

// The calendar repeats every 400 years. Years here begin with March, so that the leap day comes last.
const daysPerEra = 146_097
/** From 0000-03-01 to 1970-01-01. */
const epochDays = 719_468

/** Days since 1970-01-01 of a date in the Gregorian calendar, extended before its time. */
export function daysOfDate(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return era * daysPerEra + yearOfEra * 365 + leapDays + dayOfYear - epochDays
}

/** The inverse of `daysOfDate`. */
export function dateOfDays(days: number): { year: number; month: number; day: number } {
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
