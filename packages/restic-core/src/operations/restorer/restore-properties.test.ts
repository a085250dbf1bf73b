import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../base/bytes.ts'
import { isSafeName, nameFromBytes } from '../../format/name.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import {
  type EntryLiteral,
  type MemoryTarget,
  memoryTarget,
  noise,
  storeTree,
  testRepository,
  testRuntime,
} from '../../testing/index.ts'
import { planRestore } from './plan.ts'
import { restore } from './restore.ts'

/** Few blobs, so that files share some of them, and some have runs of zeros. */
const blobs = [1, 5000, 4096, 20_000].map((length, seed) => noise(length, seed))
blobs.push(new Uint8Array(9000), concatBytes([new Uint8Array(5000), noise(10, 9)]))

/** Few names, so that trees meet in them, and any bytes that a name may have. */
const anyName = fc.oneof(
  fc.constantFrom('a', 'b', 'c'),
  fc
    .uint8Array({ minLength: 1, maxLength: 6 })
    .map(nameFromBytes)
    .filter((name) => isSafeName(name)),
)
const anyTime = fc
  .integer({ min: -2_000_000_000, max: 4_000_000_000 })
  .map((seconds) => new Date(seconds * 1000).toISOString())

const anyFields = fc.record({ mtime: anyTime, uid: fc.nat(70_000), gid: fc.nat(70_000) })

/** Names of one file agree about everything but the name. */
const anyLinkedFile = fc.integer({ min: 1, max: 3 }).map((inode) => ({
  data: [blobs[inode] as Uint8Array],
  links: 2,
  inode: BigInt(inode),
  mtime: `200${inode}-01-01T00:00:00Z`,
  uid: 1,
  gid: 1,
}))

const { anyEntries } = fc.letrec<{ anyEntries: EntryLiteral[]; anyEntry: EntryLiteral }>((tie) => ({
  anyEntries: fc.uniqueArray(tie('anyEntry'), {
    selector: ({ name }) => name,
    maxLength: 5,
    depthIdentifier: 'tree',
  }),
  anyEntry: fc
    .tuple(
      anyName,
      anyFields,
      fc.oneof(
        { maxDepth: 3, depthIdentifier: 'tree' },
        fc.record({ data: fc.array(fc.constantFrom(...blobs), { maxLength: 4 }) }),
        anyLinkedFile,
        fc.record({ type: fc.constant('symlink' as const), linktarget: anyName }),
        fc.record({ type: fc.constant('fifo' as const) }),
        fc.record({ entries: tie('anyEntries') }),
      ),
    )
    .map(([name, fields, kind]) => ({ name, ...fields, ...kind })),
}))

interface Restored {
  readonly type: string
  readonly mtime: string
  readonly uid: number
  readonly gid: number
  readonly linktarget: string
  readonly content: string
  /** Names of one file have the same number. */
  readonly inode: number
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** What a target should have after a restore of `entries`, by path. */
function expected(entries: readonly EntryLiteral[], path = ''): [string, Restored][] {
  return entries.flatMap((entry): [string, Restored][] => {
    const type = entry.type ?? (entry.data ? 'file' : 'dir')
    const { name, mtime = '', uid = 0, gid = 0, linktarget = '' } = entry
    const content = base64(concatBytes(entry.data ?? []))
    const inode = Number(entry.inode ?? 0n)
    const restored = { type, mtime, uid, gid, linktarget, content, inode }
    return [[`${path}/${name}`, restored], ...expected(entry.entries ?? [], `${path}/${name}`)]
  })
}

function found(target: MemoryTarget): [string, Restored][] {
  return Array.from(target.entries, ([path, entry]) => {
    const { mtime = '', uid = 0, gid = 0 } = entry.node ?? {}
    const { type, linkTarget: linktarget } = entry
    const content = base64(entry.content)
    const inode = entry.node?.links === 2 ? Number(entry.node.inode) : 0
    return [path, { type, mtime, uid, gid, linktarget, content, inode }]
  })
}

const onError = (): 'skip' => 'skip'

const byPath = (entries: [string, Restored][]): Record<string, Restored> =>
  Object.fromEntries(entries)

async function sessionFor(target: MemoryTarget, seed: number): Promise<IndexedRepository> {
  const runtime = await testRuntime({ seed, files: target.files })
  return (await testRepository({ runtime })).loadIndex()
}

describe('a restore', () => {
  it('makes the target what the snapshot is', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.boolean(), fc.nat(), async (entries, sparse, seed) => {
        const target = memoryTarget()
        const repository = await sessionFor(target, seed)
        const root = await storeTree(repository, entries)
        const plan = await planRestore(repository, root, target, { sparse })
        const summary = await restore(repository, plan, target, { verify: true })
        expect(byPath(found(target))).toEqual(byPath(expected(entries)))
        expect(summary).toMatchObject({ errors: 0, restored: summary.total })
        const oneFile = new Map<string, unknown>()
        for (const [, entry] of target.entries) {
          if (entry.node?.links !== 2) continue
          const key = String(entry.node.inode)
          expect(oneFile.get(key) ?? entry).toBe(entry)
          oneFile.set(key, entry)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('makes the target what the snapshot is, whatever was there', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, anyEntries, fc.nat(), async (before, after, seed) => {
        const target = memoryTarget()
        const repository = await sessionFor(target, seed)
        for (const entries of [before, after]) {
          const root = await storeTree(repository, entries)
          const plan = await planRestore(repository, root, target, { delete: true })
          const { total, restored, unchanged, errors } = await restore(repository, plan, target)
          expect(errors).toBe(0)
          expect(restored.entries + unchanged.entries).toBe(total.entries)
          expect(restored.bytes + unchanged.bytes).toBe(total.bytes)
        }
        expect(byPath(found(target))).toEqual(byPath(expected(after)))
      }),
      { numRuns: 150 },
    )
  })

  it('never touches what was there when it may not overwrite', async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, anyEntries, fc.nat(), async (before, after, seed) => {
        const target = memoryTarget()
        const repository = await sessionFor(target, seed)
        for (const entries of [before, after]) {
          const root = await storeTree(repository, entries)
          const options = { overwrite: 'never', onError } as const
          const plan = await planRestore(repository, root, target, options)
          await restore(repository, plan, target, options)
        }
        const kept = byPath(found(target))
        for (const [path, entry] of expected(before)) {
          if (entry.type !== 'dir') expect(kept[path]).toEqual(entry)
        }
      }),
      { numRuns: 100 },
    )
  })
})
