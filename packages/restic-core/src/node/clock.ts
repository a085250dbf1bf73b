import type { Clock } from '../base/clock.ts'
import { unixZone } from './local-zone.ts'
import type { UtcOffset } from './zone-rule.ts'

/** The machine's clock and its time zone, as `TZ` or the system sets it. */
export function systemClock(): Clock {
  // The wall clock gives milliseconds; the monotonic one carries it on to nanoseconds.
  const wallNs = BigInt(Date.now()) * 1_000_000n
  const startNs = process.hrtime.bigint()
  return {
    nowNs() {
      const elapsed = wallNs + (process.hrtime.bigint() - startNs)
      const wall = BigInt(Date.now()) * 1_000_000n
      // A clock that was set, or a machine that slept, counts from what the wall says.
      const drift = elapsed - wall
      return drift > 10_000_000n || drift < -10_000_000n ? wall : elapsed
    },
    utcOffset: process.platform === 'win32' ? cachedOffsets() : unixZone(process.env['TZ']),
  }
}

const quarterSeconds = 900
const cachedQuartersMax = 10_000

/** Clocks change at full quarters of an hour, so one answer serves a quarter at whose ends it is the same. */
function cachedOffsets(): UtcOffset {
  const offsets = new Map<number, number>()
  return (epochSeconds) => {
    const quarter = Math.floor(epochSeconds / quarterSeconds)
    const known = offsets.get(quarter)
    if (known !== undefined) return known
    const offset = utcOffset(quarter * quarterSeconds)
    if (offset !== utcOffset((quarter + 1) * quarterSeconds - 1)) return utcOffset(epochSeconds)
    if (offsets.size >= cachedQuartersMax) offsets.clear()
    offsets.set(quarter, offset)
    return offset
  }
}

function utcOffset(epochSeconds: number): number {
  const date = new Date(epochSeconds * 1000)
  // Date.UTC takes the years 0 to 99 for 1900 to 1999, so the fields are set one by one.
  const local = new Date(0)
  local.setUTCFullYear(date.getFullYear(), date.getMonth(), date.getDate())
  local.setUTCHours(date.getHours(), date.getMinutes(), date.getSeconds())
  return Math.round(local.getTime() / 1000) - epochSeconds
}
