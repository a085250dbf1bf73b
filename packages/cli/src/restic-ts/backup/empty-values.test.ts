/** Flags that are there and have nothing to say, as restic takes them. */
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { CommandContext } from '../command.ts'
import { parseTagFile } from './exclusion.ts'
import { backupFlags } from './flags.ts'
import { snapshotFacts } from './plan.ts'

describe('an empty value', () => {
  it.each([
    ['', 'name for exclusion tagfile is empty'],
    [':header', 'no name for exclusion tagfile provided'],
  ])('of --exclude-if-present is refused: %j', (text, message) => {
    expect(() => parseTagFile(text)).toThrow(message)
  })

  it('of --exclude-larger-than or --time is none', () => {
    const flags = backupFlags.parse({ args: [], excludeLargerThan: '', time: '' })
    expect(flags).toMatchObject({ excludeLargerThan: undefined, time: undefined })
    expect(() => backupFlags.parse({ args: [], excludeLargerThan: 'x' })).toThrow('not a size')
  })

  it.each([
    [undefined, 'of the environment', 'of the environment'],
    ['given', 'of the environment', 'given'],
    ['', 'of the environment', hostname()],
    [undefined, '', hostname()],
  ])('of --host or RESTIC_HOST means this machine: %j, %j', (host, environment, expected) => {
    const flags = backupFlags.parse({ args: [], host })
    const context = { environment: { RESTIC_HOST: environment } } as unknown as CommandContext
    expect(snapshotFacts(flags, [], context).hostname).toBe(expected)
  })
})
