import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from './file-errors.ts'
import { parseZoneFile } from './zone-file.ts'
import type { UtcOffset } from './zone-rule.ts'

/** Where Unix systems keep time zones, in the order of Go. */
const zoneFolders: readonly string[] = [
  '/usr/share/zoneinfo',
  '/usr/share/lib/zoneinfo',
  '/usr/lib/locale/TZ',
  '/etc/zoneinfo',
]
const systemZone = '/etc/localtime'

const utc: UtcOffset = () => 0

/**
 * Local time on Unix as restic finds it. JavaScript has time zones of its own: another edition of
 * them, other rules for what `TZ` may say, and no look into `/etc/localtime`. Each difference would
 * give the same directory another tree.
 *
 * @param name what `TZ` is: undefined for the system's zone, empty for UTC
 */
export function unixZone(name: string | undefined): UtcOffset {
  if (name === undefined) return zoneIn(systemZone) ?? utc
  const plain = name.startsWith(':') ? name.slice(1) : name
  if (plain === '' || plain === 'UTC') return utc
  const inFolders = (): UtcOffset | undefined => {
    for (const folder of zoneFolders) {
      const zone = zoneIn(join(folder, plain))
      if (zone !== undefined) return zone
    }
    return undefined
  }
  return (plain.startsWith('/') ? zoneIn(plain) : inFolders()) ?? utc
}

/** Undefined when there is no zone file at `path`. */
function zoneIn(path: string): UtcOffset | undefined {
  try {
    return parseZoneFile(readFileSync(path))
  } catch (error) {
    // A TZ that names no zone means UTC, whatever it names instead.
    if (systemCode(error) !== undefined) return undefined
    throw error
  }
}
