import type { LockHolder } from '../../base/errors.ts'
import { parseTime } from '../../format/time.ts'

/** What restic says when a lock stands in the way; wrappers look for it. */
export function lockedMessage(holder: LockHolder, nowNs: bigint): string {
  const { pid, hostname, username, uid, gid, time, id } = holder
  const exclusively = holder.exclusive ? 'exclusively ' : ''
  // The time as its writer's clock showed it, as Go prints a time that it has read.
  const created = `${time.slice(0, 10)} ${time.slice(11, 19)}`
  return [
    `unable to create lock in backend: repository is already locked ${exclusively}by PID ${pid} on ${hostname} by ${username} (UID ${uid}, GID ${gid})`,
    `lock was created at ${created} (${goDuration(nowNs - parseTime(time))} ago)`,
    `storage ID ${id.slice(0, 8)}`,
    'the `unlock` command can be used to remove stale locks',
  ].join('\n')
}

const smallUnits = [
  { name: 'ns', ns: 1n },
  { name: 'µs', ns: 1_000n },
  { name: 'ms', ns: 1_000_000n },
] as const

/** A duration as Go prints it: `1h2m3.5s`, `250ms`. */
export function goDuration(ns: bigint): string {
  if (ns < 0n) return `-${goDuration(-ns)}`
  if (ns === 0n) return '0s'
  const small = smallUnits.findLast((unit) => ns >= unit.ns)
  if (ns < 1_000_000_000n && small) return `${decimal(ns, small.ns)}${small.name}`
  const minutes = ns / 60_000_000_000n
  const seconds = `${decimal(ns % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return seconds
  if (minutes < 60n) return `${minutes}m${seconds}`
  return `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1
  const fraction = String(value % unit)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return value % unit === 0n ? String(value / unit) : `${value / unit}.${fraction}`
}
