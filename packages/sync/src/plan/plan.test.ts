import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BlobId } from 'restic-core'
import { type Entries, type Entry, foldersAbove, isWithin, sameEntry } from '../tree/entry.ts'
import { changesBetween, countChanges } from '../tree/changes.ts'
import { placeBeside } from './beside.ts'
import { findAlarm } from './guards.ts'
import { assumeUnread, mergeStates } from './merge.ts'

const file = (content: string, executable = false): Entry => ({
  type: 'file',
  content: [content.padEnd(64, '0') as BlobId],
  size: content.length,
  executable,
})
const state = (files: Readonly<Record<string, string>>): Entries =>
  new Map(Object.entries(files).map(([path, content]) => [path, file(content)]))
const unitOf = (path: string): string | undefined => /^saves\/[^/]+/.exec(path)?.[0]

describe('mergeStates', () => {
  const base = state({ 'saves/W/a': '1', 'saves/W/b': '1', 'options.txt': '1', 'c/x': '1' })

  it('takes each side’s changes of different files', () => {
    const here = state({ 'saves/W/a': '1', 'saves/W/b': '1', 'options.txt': '2', 'c/x': '1' })
    const there = state({ 'saves/W/a': '1', 'saves/W/b': '1', 'options.txt': '1', 'c/y': '3' })
    const { result, conflicts } = mergeStates({ base, here, there, unitOf })
    expect(conflicts).toEqual([])
    expect(result).toEqual(
      state({ 'saves/W/a': '1', 'saves/W/b': '1', 'options.txt': '2', 'c/y': '3' }),
    )
  })

  it('never mixes two versions of a world, although they changed different files', () => {
    const here = state({ 'saves/W/a': '2', 'saves/W/b': '1', 'options.txt': '1', 'c/x': '1' })
    const there = state({ 'saves/W/a': '1', 'saves/W/b': '2', 'options.txt': '1', 'c/x': '1' })
    const { result, conflicts } = mergeStates({ base, here, there, unitOf })
    expect(conflicts).toEqual([
      { path: 'saves/W', about: 'unit', here: 'changed', there: 'changed' },
    ])
    expect(result).toEqual(there)
  })

  it('conflicts where one side removes what the other changed', () => {
    const here = new Map([...base].filter(([path]) => path !== 'options.txt'))
    const there = new Map([...base, ['options.txt', file('2')]])
    expect(mergeStates({ base, here, there, unitOf }).conflicts).toEqual([
      { path: 'options.txt', about: 'file', here: 'removed', there: 'changed' },
    ])
  })

  it('removes nothing when no common state is known', () => {
    const here = state({ a: '1', b: '1' })
    const there = state({ b: '1', c: '1' })
    const { result, conflicts } = mergeStates({ base: undefined, here, there, unitOf })
    expect(conflicts).toEqual([])
    expect([...result.keys()].toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('conflicts where a file here is a folder there', () => {
    const { result, conflicts } = mergeStates({
      base: new Map(),
      here: state({ p: '1' }),
      there: state({ 'p/q': '2', 'p/r': '3' }),
      unitOf,
    })
    expect(conflicts).toEqual([{ path: 'p', about: 'kind', here: 'added', there: 'added' }])
    expect(result).toEqual(state({ 'p/q': '2', 'p/r': '3' }))
  })
})

describe('placeBeside', () => {
  const options = { host: 'DESK:TOP', date: '2026-11-21 18.30' }

  it('keeps our world and our file beside theirs', () => {
    const there = state({ 'saves/W/a': '2', 'config/x.toml': '2' })
    const ours = state({ 'saves/W/a': '1', 'saves/W/r/b': '1', 'config/x.toml': '1' })
    const conflicts = mergeStates({ base: new Map(), here: ours, there, unitOf }).conflicts
    const { result } = placeBeside(there, ours, conflicts, options)
    expect([...result.keys()].toSorted()).toEqual([
      'config/x (from DESK-TOP, 2026-11-21 18.30).toml',
      'config/x.toml',
      'saves/W (from DESK-TOP, 2026-11-21 18.30)/a',
      'saves/W (from DESK-TOP, 2026-11-21 18.30)/r/b',
      'saves/W/a',
    ])
  })

  it('cuts a name that would become too long for any file system', () => {
    const names = [
      'n'.repeat(250),
      `${'é'.repeat(120)}.dat`,
      `a.${'n'.repeat(250)}`,
      '𝕎'.repeat(60),
    ]
    for (const name of names) {
      const ours = state({ [`saves/${name}`]: 'a' })
      const path = `saves/${name}`
      const conflicts = [{ path, about: 'file', here: 'changed', there: 'changed' } as const]
      const { placed } = placeBeside(new Map(), ours, conflicts, { host: 'HOST', date: '2026' })
      const [, place = ''] = [...placed][0] ?? []
      expect(Buffer.byteLength(place.slice('saves/'.length))).toBeLessThanOrEqual(255)
      expect(place).toMatch(/^saves\/.{20,} \(from HOST, 2026\)/u)
      expect(place.isWellFormed()).toBe(true)
    }
  })

  it('finds a free name, also where case is ignored', () => {
    const there = state({ 'a.txt': '2', 'A (FROM desk-top, 2026-11-21 18.30).TXT': '3' })
    const conflicts = [{ path: 'a.txt', about: 'file', here: 'added', there: 'added' }] as const
    const { placed } = placeBeside(there, state({ 'a.txt': '1' }), conflicts, options)
    expect(placed.get('a.txt')).toBe('a (from DESK-TOP, 2026-11-21 18.30 2).txt')
  })
})

describe('assumeUnread', () => {
  it('takes what cannot be read for what it was, unless somebody wants to change it', () => {
    const base = state({ a: '1', b: '1' })
    const unread: Entries = new Map<string, Entry>([
      ['a', { type: 'unreadable' }],
      ['b', { type: 'unreadable' }],
      ['c', { type: 'unreadable' }],
    ])
    const there = state({ a: '1', b: '2' })
    expect(assumeUnread(unread, base, [there])).toEqual(
      new Map<string, Entry>([
        ['a', file('1')],
        ['b', { type: 'unreadable' }],
      ]),
    )
  })
})

function many(count: number, folder: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${folder}/${at}`, 'x']))
}

describe('findAlarm', () => {
  it('knows a folder that was emptied', () => {
    expect(findAlarm(state({ a: '1' }), new Map(), unitOf)?.kind).toBe('emptied')
    expect(findAlarm(new Map(), new Map(), unitOf)).toBeUndefined()
  })

  it('asks when most files are gone, and not when a world was deleted beside another', () => {
    const base = state({ ...many(50, 'saves/A'), ...many(20, 'saves/B'), ...many(5, 'config') })
    const withoutA = new Map([...base].filter(([path]) => !isWithin(path, 'saves/A')))
    expect(findAlarm(base, withoutA, unitOf)).toBeUndefined()
    const withoutWorlds = state(many(5, 'config'))
    expect(findAlarm(base, withoutWorlds, unitOf)?.kind).toBe('mass-deletion')
  })

  it('asks when a large state became a small one', () => {
    const base = state({ save: 'x'.repeat(300_000) })
    expect(findAlarm(base, state({ save: 'default' }), unitOf)?.kind).toBe('shrunk')
  })
})

// ---- properties

const path = fc.constantFrom(
  'a',
  'a/b',
  'a/b/c',
  'b',
  'saves/W/1',
  'saves/W/2',
  'saves/V/1',
  'saves',
  'c/d',
)
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('1', '2', '3').map((content) => file(content)) },
  { weight: 1, arbitrary: fc.constant<Entry>({ type: 'symlink', target: 't' }) },
  { weight: 1, arbitrary: fc.constant<Entry>({ type: 'folder' }) },
)
/** A state that can stand on a disk: nothing but folders has anything below it. */
const anyState: fc.Arbitrary<Entries> = fc
  .array(fc.tuple(path, entry), { maxLength: 7 })
  .map((pairs) => {
    const found = new Map<string, Entry>()
    for (const [at, what] of pairs) {
      const fits = [...found.keys()].every((one) => !isWithin(one, at) && !isWithin(at, one))
      if (fits || found.has(at)) found.set(at, what)
    }
    return found
  })

function expectPossible(entries: Entries): void {
  for (const one of entries.keys()) {
    for (const folder of foldersAbove(one)) expect(entries.has(folder)).toBe(false)
  }
}

describe('any merge', () => {
  it('gives a state that can stand on a disk, with units that are whole', () => {
    fc.assert(
      fc.property(anyState, anyState, anyState, (base, here, there) => {
        const { result, conflicts } = mergeStates({ base, here, there, unitOf })
        expectPossible(result)
        const isIn = (unit: string): boolean => conflicts.some((one) => isWithin(unit, one.path))
        for (const unit of ['saves/W', 'saves/V'].filter((one) => !isIn(one))) {
          const of = (entries: Entries): string =>
            JSON.stringify(
              [...entries]
                .filter(([one]) => unitOf(one) === unit)
                .toSorted(([a], [b]) => (a < b ? -1 : 1)),
            )
          expect([of(here), of(there)]).toContain(of(result))
        }
      }),
    )
  })

  it('takes the side that changed when the other did not', () => {
    fc.assert(
      fc.property(anyState, anyState, (base, changed) => {
        const one = mergeStates({ base, here: changed, there: base, unitOf })
        const other = mergeStates({ base, here: base, there: changed, unitOf })
        for (const { result, conflicts } of [one, other]) {
          expect(conflicts).toEqual([])
          expect(changesBetween(changed, result)).toEqual([])
        }
      }),
    )
  })

  it('is the same from both sides when nothing conflicts', () => {
    fc.assert(
      fc.property(anyState, anyState, anyState, (base, here, there) => {
        const one = mergeStates({ base, here, there, unitOf })
        const other = mergeStates({ base, here: there, there: here, unitOf })
        expect(one.conflicts.map((c) => c.path)).toEqual(other.conflicts.map((c) => c.path))
        if (one.conflicts.length > 0) return
        expect(changesBetween(one.result, other.result)).toEqual([])
      }),
    )
  })

  it('loses no changed content of either side once ours is put beside', () => {
    fc.assert(
      fc.property(anyState, anyState, anyState, (base, here, there) => {
        const { result, conflicts } = mergeStates({ base, here, there, unitOf })
        const options = { host: 'h', date: 'd' }
        const both = placeBeside(result, here, conflicts, options).result
        expectPossible(both)
        const holds = (wanted: Entry): boolean =>
          [...both.values()].some((found) => sameEntry(found, wanted))
        for (const [side, entries] of Object.entries({ here, there })) {
          for (const { after } of changesBetween(base, entries)) {
            const isContent = after !== undefined && after.type !== 'folder'
            expect(!isContent || holds(after), `${side} ${JSON.stringify(after)}`).toBe(true)
          }
        }
      }),
    )
  })
})

describe('countChanges', () => {
  it('counts files and bytes, not folders', () => {
    const before: Entries = new Map<string, Entry>([
      ['a', file('1')],
      ['b', file('1')],
      ['d', { type: 'folder' }],
    ])
    const after: Entries = new Map([
      ['a', file('22')],
      ['c', file('333')],
    ])
    expect(countChanges(changesBetween(before, after))).toEqual({
      added: 1,
      changed: 1,
      removed: 1,
      bytes: 5,
    })
  })
})
