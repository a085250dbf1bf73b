import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SnapshotId, TreeId } from 'restic-core'
import { Lineage, type LineageSnapshot, groupHeads } from './lineage.ts'
import { settlesTag, sideTag } from './marks.ts'
import { isOlder, mergedSeen, withPush } from './seen.ts'

const id = (name: string | number): SnapshotId =>
  Array.from(`${name}`)
    .map((c) => c.charCodeAt(0).toString(16))
    .join('')
    .padStart(64, '0') as SnapshotId

interface Sketch {
  readonly parent?: string | number
  readonly settles?: readonly (string | number)[]
  readonly tags?: readonly string[]
  readonly original?: string | number
  readonly tree?: string
  readonly seen?: Readonly<Record<string, number>>
}

function snapshot(name: string | number, sketch: Sketch = {}): LineageSnapshot {
  const { parent, settles = [], tags = [], original, tree = name, seen } = sketch
  return {
    id: id(name),
    tree: id(`t${tree}`) as string as TreeId,
    tags: [...tags, ...settles.map((other) => settlesTag(id(other)))],
    parent: parent === undefined ? undefined : id(parent),
    original: original === undefined ? undefined : id(original),
    seen,
  }
}

const headIds = (...snapshots: LineageSnapshot[]): SnapshotId[] =>
  new Lineage(snapshots).heads().map((head) => head.id)

describe('heads', () => {
  it('is the last of a chain', () => {
    const chain = [snapshot('a'), snapshot('b', { parent: 'a' }), snapshot('c', { parent: 'b' })]
    expect(headIds(...chain)).toEqual([id('c')])
  })

  it('are both ends of a fork, until a snapshot settles it', () => {
    const fork = [snapshot('a'), snapshot('b', { parent: 'a' }), snapshot('c', { parent: 'a' })]
    expect(headIds(...fork)).toEqual([id('b'), id('c')])
    expect(headIds(...fork, snapshot('d', { parent: 'c', settles: ['b'] }))).toEqual([id('d')])
  })

  it('leave out what is stored aside, which also covers nothing', () => {
    const side = snapshot('s', { parent: 'a', tags: [sideTag] })
    expect(headIds(snapshot('a'), side)).toEqual([id('a')])
  })

  it('know a snapshot that was saved again by its first id', () => {
    const tagged = snapshot('a2', { original: 'a', tree: 'a' })
    expect(headIds(tagged, snapshot('b', { parent: 'a' }))).toEqual([id('b')])
    expect(headIds(tagged, snapshot('b', { parent: 'a2' }))).toEqual([id('b')])
    const child = snapshot('b2', { original: 'b', parent: 'a' })
    expect(headIds(snapshot('a'), child, snapshot('c', { parent: 'b' }))).toEqual([id('c')])
  })

  it('are one although snapshots between were forgotten', () => {
    const left = [
      snapshot('a', { seen: { m: 1 } }),
      snapshot('d', { parent: 'c', seen: { m: 3, n: 1 } }),
      snapshot('g', { parent: 'f', seen: { m: 6, n: 1 } }),
    ]
    expect(headIds(...left)).toEqual([id('g')])
  })

  it('stay two across a gap when neither holds the other', () => {
    const left = [
      snapshot('d', { parent: 'c', seen: { m: 3 } }),
      snapshot('g', { parent: 'f', seen: { m: 2, n: 4 } }),
    ]
    expect(headIds(...left)).toEqual([id('d'), id('g')])
  })

  it('stay two when a copied folder counts on under the same name and nothing is missing', () => {
    const fork = [
      snapshot('a', { seen: { m: 1 } }),
      snapshot('b', { parent: 'a', seen: { m: 2 } }),
      snapshot('c', { parent: 'a', seen: { m: 2 } }),
      snapshot('d', { parent: 'c', seen: { m: 3 } }),
    ]
    expect(headIds(...fork)).toEqual([id('b'), id('d')])
  })

  it('count as one when their states are equal', () => {
    const a = snapshot('a', { tree: 'same' })
    const b = snapshot('b', { tree: 'same' })
    const c = snapshot('c')
    const groups = groupHeads([a, b, c], (head) => head.tree, b.id)
    expect(groups.map((group) => group.head.id)).toEqual([b.id, c.id])
    expect(groups[0]?.members).toEqual([a, b])
  })
})

describe('mergeBase', () => {
  const root = snapshot('a')
  const left = snapshot('b', { parent: 'a' })
  const right = snapshot('c', { parent: 'a' })

  it('is the nearest state both build on', () => {
    const lineage = new Lineage([root, left, right])
    expect(lineage.mergeBase([left], right)).toBe(root)
    expect(lineage.mergeBase([root], right)).toBe(root)
  })

  it('is none when the fork was settled twice, in opposite ways', () => {
    const one = snapshot('d', { parent: 'b', settles: ['c'] })
    const other = snapshot('e', { parent: 'c', settles: ['b'] })
    const lineage = new Lineage([root, left, right, one, other])
    expect(lineage.mergeBase([one], other)).toBeUndefined()
  })

  it('is none when it was forgotten', () => {
    expect(new Lineage([left, right]).mergeBase([left], right)).toBeUndefined()
  })
})

/** Machines that push and settle at random, each knowing only what the order of steps shows it. */
const history = fc.array(
  fc.record({
    machine: fc.integer({ min: 0, max: 3 }),
    step: fc.constantFrom('push', 'pull', 'settle', 'side'),
  }),
  { maxLength: 40 },
)

interface Simulated extends LineageSnapshot {
  readonly ancestors: ReadonlySet<SnapshotId>
}

function simulate(steps: readonly { machine: number; step: string }[]): Simulated[] {
  const all: Simulated[] = []
  const bases = new Map<number, Simulated>()
  const save = (machine: number, settled: readonly Simulated[], tags: readonly string[]): void => {
    const base = bases.get(machine)
    const under = base === undefined ? settled : [base, ...settled]
    const isSide = tags.includes(sideTag)
    const made: Simulated = {
      ...snapshot(all.length, {
        ...(base === undefined ? {} : { parent: all.indexOf(base) }),
        settles: settled.map((one) => all.indexOf(one)),
        tags,
      }),
      seen: isSide ? undefined : withPush(mergedSeen(under.map((one) => one.seen)), `m${machine}`),
      ancestors: new Set(under.flatMap((one) => [one.id, ...one.ancestors])),
    }
    all.push(made)
    if (!isSide) bases.set(machine, made)
  }
  for (const { machine, step } of steps) {
    const heads = new Lineage(all).heads()
    if (step === 'push') save(machine, [], [])
    if (step === 'side') save(machine, [], [sideTag])
    if (step === 'pull' && heads.length === 1) bases.set(machine, heads[0] as Simulated)
    if (step === 'settle') {
      const base = bases.get(machine)
      save(
        machine,
        heads.filter((head) => head !== base),
        [],
      )
    }
  }
  return all
}

/** By the truth that the simulation keeps: what is left and no other one that is left builds on. */
function trueHeads(left: readonly Simulated[]): SnapshotId[] {
  const states = left.filter((one) => !one.tags.includes(sideTag))
  const covered = new Set(states.flatMap((one) => [...one.ancestors]))
  return states
    .map((one) => one.id)
    .filter((one) => !covered.has(one))
    .toSorted()
}

describe('any history', () => {
  it('has the heads that its making tells, in any order of listing', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (steps, order) => {
        const all = simulate(steps)
        const shuffled = all
          .map((one) => ({ one, key: order.next().value as number }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ one }) => one)
        expect(headIds(...shuffled)).toEqual(trueHeads(all))
      }),
    )
  })

  it('has the same heads after an operator forgot any of it but the heads', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.boolean()), (steps, forgotten) => {
        const all = simulate(steps)
        const heads = trueHeads(all)
        const left = all.filter((one) => heads.includes(one.id) || !forgotten.next().value)
        expect(headIds(...left)).toEqual(heads)
      }),
    )
  })

  it('has at least one head when it has a state, and says which state includes which', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const all = simulate(steps)
        const lineage = new Lineage(all)
        const hasState = all.some((one) => !one.tags.includes(sideTag))
        expect(lineage.heads().length > 0).toBe(hasState)
        for (const newer of all) {
          for (const older of all) {
            expect(lineage.includes(newer, older)).toBe(
              newer === older || newer.ancestors.has(older.id),
            )
          }
        }
      }),
    )
  })
})

describe('isOlder', () => {
  it('is a strict partial order', () => {
    const seen = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(3))
    fc.assert(
      fc.property(seen, seen, seen, (a, b, c) => {
        expect(isOlder(a, a)).toBe(false)
        if (isOlder(a, b)) expect(isOlder(b, a)).toBe(false)
        if (isOlder(a, b) && isOlder(b, c)) expect(isOlder(a, c)).toBe(true)
      }),
    )
  })
})
