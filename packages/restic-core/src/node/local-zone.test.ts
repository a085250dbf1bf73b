import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { unixZone } from './local-zone.ts'
import { parseZoneFile } from './zone-file.ts'
import { parseZoneRule } from './zone-rule.ts'

const zones = '/usr/share/zoneinfo'
const folder = mkdtempSync(join(tmpdir(), 'zones-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What the C library says, which knows the same files and rules. */
function offsetsByDate(zone: string, instants: readonly number[]): number[] {
  const list = join(folder, 'instants')
  writeFileSync(list, instants.map((seconds) => `@${seconds}\n`).join(''))
  const printed = execFileSync('date', ['-f', list, '+%::z'], { env: { TZ: zone, PATH: '/bin' } })
  return String(printed)
    .trimEnd()
    .split('\n')
    .map((text) => {
      const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number)
      const size = hours * 3600 + minutes * 60 + seconds
      return text.startsWith('-') && size > 0 ? -size : size
    })
}

const named = ['Europe/Amsterdam', 'America/St_Johns', 'Africa/Monrovia', 'Australia/Lord_Howe']
const more = ['Africa/Casablanca', 'Europe/Dublin', 'America/Santiago', 'Asia/Kathmandu', 'UTC']
const rules = ['JST-9', 'CET-1CEST,M3.5.0,M10.5.0/3', '<+1030>-10:30<+11>-11,M10.1.0,M4.1.0']
const oddRules = ['XYZ3:15ABC,J60/-2,J300/26:30:15', 'XYZ-3ABC-3:20,59,300', '<-03>3']
const isGnu = process.platform === 'linux' && existsSync(zones)
const instantsFrom = (min: number) =>
  fc.array(fc.integer({ min, max: 7_000_000_000 }), { minLength: 200, maxLength: 200 })

describe('local time on Unix', () => {
  it.runIf(isGnu).each([...named, ...more])('is that of the C library in %s', (zone) => {
    const offset = unixZone(zone)
    fc.assert(
      fc.property(instantsFrom(-2_000_000_000), (instants) => {
        expect(instants.map((seconds) => offset(seconds))).toEqual(offsetsByDate(zone, instants))
      }),
      { numRuns: 5 },
    )
  })

  it.runIf(isGnu).each([...rules, ...oddRules])('follows the rule %s as the C library', (rule) => {
    const offset = parseZoneRule(rule)
    // Before 1970 the C library takes the changes of that year.
    fc.assert(
      fc.property(instantsFrom(0), (instants) => {
        expect(instants.map((seconds) => offset?.(seconds))).toEqual(offsetsByDate(rule, instants))
      }),
      { numRuns: 5 },
    )
  })

  it.runIf(isGnu)('is found by a name, a path, or in the folders', () => {
    const summer = Date.UTC(2026, 6, 1) / 1000
    for (const name of ['Europe/Paris', ':Europe/Paris', `${zones}/Europe/Paris`]) {
      expect(unixZone(name)(summer), name).toBe(7200)
    }
  })

  it.each(['', ':', 'UTC', 'Nowhere/City', 'JST-9', '/etc/passwd', '/', '..'])(
    'is UTC when TZ is %j, as for restic',
    (name) => {
      expect(unixZone(name)(1_700_000_000)).toBe(0)
    },
  )
})

describe('parseZoneFile', () => {
  it.runIf(isGnu)(
    'takes a file cut anywhere, or with any byte changed, for a zone or for none',
    () => {
      const bytes = readFileSync(join(zones, 'Europe/Amsterdam'))
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cuts) => {
          const damaged = Uint8Array.from(cuts ? bytes.subarray(0, at) : bytes)
          if (!cuts) damaged[at] = byte
          expect([undefined, 'number']).toContain(
            typeof parseZoneFile(damaged)?.(0) === 'number' ? 'number' : undefined,
          )
        }),
      )
    },
  )

  it('takes nothing else', () => {
    expect(parseZoneFile(new Uint8Array(0))).toBeUndefined()
    expect(parseZoneFile(new TextEncoder().encode('not a zone'.repeat(20)))).toBeUndefined()
  })
})
