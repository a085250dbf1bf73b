import { beforeEach, describe, expect, it } from 'vitest'
import { type MemoryBackend, memoryBackend } from '../../backend/memory.ts'
import { pathOf } from '../../backend/layout.ts'
import { concatBytes } from '../../base/bytes.ts'
import { BackendError, TargetError } from '../../base/errors.ts'
import type { PackId, TreeId } from '../../base/id.ts'
import type { Backend } from '../../backend/backend.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { openRepository } from '../../repository/open.ts'
import {
  type EntryLiteral,
  type MemoryTarget,
  countingBackend,
  failOn,
  faultyBackend,
  memoryTarget,
  noise,
  storeTree,
  testPassword,
  testRepository,
  testRuntime,
  withFlippedBit,
} from '../../testing/index.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import type { RestoreSummary } from './events.ts'
import { planRestore } from './plan.ts'
import { type RestoreOptions, restore } from './restore.ts'

const [a, b, c] = [noise(30_000, 1), noise(20_000, 2), noise(10_000, 3)]
const tree: readonly EntryLiteral[] = [
  { name: 'd', entries: [{ name: 'x', data: [a, b] }] },
  { name: 'y', data: [c] },
]

const skip = (): 'skip' => 'skip'

let stored: Map<string, Uint8Array>
let root: TreeId
let target: MemoryTarget

/** Two sessions that do not know of each other store everything twice. */
beforeEach(async () => {
  const backend = memoryBackend()
  const first = await testRepository({ backend })
  const sessions = [await first.loadIndex(), await (await open(backend, 2)).loadIndex()]
  for (const session of sessions) root = await storeTree(session, tree)
  stored = backend.files()
  target = memoryTarget()
})

async function open(backend: Backend, seed = 3): Promise<IndexedRepository> {
  const runtime = await testRuntime({ seed, files: target?.files })
  const session = await openRepository({ backend, runtime, password: testPassword })
  return session.loadIndex()
}

async function restoreFrom(
  repository: IndexedRepository,
  options: RestoreOptions = {},
): Promise<RestoreSummary> {
  const plan = await planRestore(repository, root, target, options)
  return restore(repository, plan, target, options)
}

/** The packs with a blob of `tree` in them, those first that are read first. */
async function dataPacks(): Promise<PackId[]> {
  const { index } = await open(memoryBackend({ files: stored }))
  const nodes = [...index.packs()]
  return nodes.filter((pack) =>
    Array.from({ length: index.table.count }, (_, entry) => entry).some(
      (entry) =>
        index.table.type(entry) === 'data' && index.packId(index.table.row(entry).pack) === pack,
    ),
  )
}

function changed(pack: PackId, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
  const path = pathOf({ type: 'pack', name: pack })
  const bytes = change(stored.get(path) as Uint8Array)
  if (bytes) stored.set(path, bytes)
  else stored.delete(path)
}

/** Methods of `target` still run on it, private members and all. */
function overridden(inner: MemoryTarget, methods: Partial<TargetTree>): TargetTree {
  return new Proxy(inner, {
    get: (_, name: keyof TargetTree) => methods[name] ?? inner[name].bind(inner),
  })
}

function expectWhole(): void {
  expect(target.entries.get('/d/x')?.content).toEqual(concatBytes([a, b]))
  expect(target.entries.get('/y')?.content).toEqual(c)
}

describe('a damaged repository', () => {
  it.each([
    ['has a wrong byte', withFlippedBit],
    ['is cut short', (bytes: Uint8Array) => bytes.slice(0, 100)],
    ['is missing', () => undefined],
  ])('is restored whole when one of two packs %s', async (_, change) => {
    const packs = await dataPacks()
    expect(packs).toHaveLength(2)
    for (const pack of packs) {
      const sound = new Map(stored)
      changed(pack, change)
      target = memoryTarget()
      expect(await restoreFrom(await open(memoryBackend({ files: stored })))).toMatchObject({
        errors: 0,
        restored: { entries: 3, bytes: 60_000 },
      })
      expectWhole()
      stored = sound
    }
  })

  it('loses the files of a blob that is damaged everywhere, and names them', async () => {
    // The first blob of each pack is `a`, of `/d/x`.
    for (const pack of await dataPacks()) changed(pack, (bytes) => withFlippedBit(bytes, 100))
    const failed: string[] = []
    const onError = (path: string, error: Error): 'skip' => {
      failed.push(`${path}: ${error.message}`)
      return 'skip'
    }
    const summary = await restoreFrom(await open(memoryBackend({ files: stored })), { onError })
    expect(failed).toHaveLength(1)
    expect(failed[0]).toMatch(/^\/d\/x: pack \w{8} blob \w{8} is damaged: its authentication code/)
    expect(summary).toMatchObject({ errors: 1, restored: { entries: 2 } })
    expect(target.entries.get('/y')?.content).toEqual(c)
    // What could be had of it is there, and it has no metadata that makes it look right.
    expect(target.entries.get('/d/x')?.content.subarray(30_000)).toEqual(b)
    expect(target.entries.get('/d/x')?.node).toBeUndefined()
  })

  it('leaves no file of zeros where nothing of the content could be had', async () => {
    const packs = await dataPacks()
    for (const pack of packs) changed(pack, () => undefined)
    const failed = new Set<string>()
    const onError = (path: string): 'skip' => {
      failed.add(path)
      return 'skip'
    }
    await restoreFrom(await open(memoryBackend({ files: stored })), { onError })
    expect(failed).toEqual(new Set(['/d/x', '/y']))
    expect([...target.entries.keys()]).toEqual(['/d'])
  })

  it('rejects with the first damage when nothing says what to do', async () => {
    for (const pack of await dataPacks()) changed(pack, (bytes) => withFlippedBit(bytes, 100))
    const restored = restoreFrom(await open(memoryBackend({ files: stored })))
    await expect(restored).rejects.toMatchObject({ code: 'CORRUPT', check: 'mac' })
  })

  it('leaves out files with blobs that no index names', async () => {
    const repository = await open(memoryBackend({ files: stored }))
    const lost = 'ab'.repeat(32) as TreeId
    root = await storeTree(repository, [
      { name: 'f', data: [c], content: [lost] },
      { name: 'g', data: [c] },
      { name: 'h', entries: [], subtree: lost },
    ])
    const failed: string[] = []
    const onError = (path: string, { message }: Error): 'skip' => {
      failed.push(`${path}: ${message}`)
      return 'skip'
    }
    await restoreFrom(repository, { onError })
    expect(failed).toEqual([
      '/f: blob abababab of /f is missing from the repository',
      '/h: tree blob abababab is missing from the repository',
    ])
    expect([...target.entries.keys()]).toEqual(['/h', '/g'])
    expect(target.entries.get('/h')?.node).toBeDefined()
  })

  it('lets stand what is in the place of a directory that cannot be read', async () => {
    const repository = await open(memoryBackend({ files: stored }))
    target.createFile('/h', 4)
    const subtree = 'ab'.repeat(32) as TreeId
    root = await storeTree(repository, [{ name: 'h', entries: [], subtree }])
    expect(await restoreFrom(repository, { onError: skip })).toMatchObject({ errors: 1 })
    expect(target.entry('/h')).toMatchObject({ type: 'file', size: 4 })
  })

  it('keeps apart a store that cannot be reached: nothing is blamed on a file', async () => {
    const gone = new BackendError('the server does not answer', 'unavailable')
    const backend = faultyBackend(memoryBackend({ files: stored }), {
      read: { pack: failOn(3, gone) },
    })
    await expect(restoreFrom(await open(backend), { onError: skip })).rejects.toBe(gone)
  })
})

describe('a target that fails', () => {
  it('rejects with what the disk says when it is full', async () => {
    target = memoryTarget({ capacity: 55_000 })
    const restored = restoreFrom(await open(memoryBackend({ files: stored })))
    await expect(restored).rejects.toMatchObject({ code: 'TARGET', reason: 'full' })
  })

  it('goes on with the other files when told to skip', async () => {
    target = memoryTarget({ capacity: 55_000 })
    const summary = await restoreFrom(await open(memoryBackend({ files: stored })), {
      onError: skip,
    })
    expect(summary.errors).toBe(1)
    expect(summary.restored.entries).toBe(2)
  })

  it('finds with verify what did not stay as it was written', async () => {
    const { files } = target
    const wrongly = {
      ...files,
      create: (path: string) => ({
        ...files.create(path),
        write: (bytes: Uint8Array, at: number) =>
          target.writeFile(path, path === '/y' ? withFlippedBit(bytes) : bytes, at),
      }),
    }
    const runtime = await testRuntime({ files: wrongly })
    const session = await openRepository({
      backend: memoryBackend({ files: stored }),
      runtime,
      password: testPassword,
    })
    const repository = await session.loadIndex()
    const failed: string[] = []
    const onError = (path: string): 'skip' => {
      failed.push(path)
      return 'skip'
    }
    expect(await restoreFrom(repository, { verify: true, onError })).toMatchObject({
      verified: 1,
      errors: 1,
    })
    expect(failed).toEqual(['/y'])
  })

  it('reports one entry that cannot be made and finishes the others', async () => {
    const makeDirectory = (path: string): void => {
      if (path === '/d') throw new TargetError('no', path, 'denied')
      target.makeDirectory(path)
    }
    const refusing = overridden(target, { makeDirectory })
    const repository = await open(memoryBackend({ files: stored }))
    const plan = await planRestore(repository, root, refusing)
    const failed: string[] = []
    const onError = (path: string): 'skip' => {
      failed.push(path)
      return 'skip'
    }
    const summary = await restore(repository, plan, refusing, { onError })
    expect(failed).toEqual(['/d', '/d/x'])
    expect(summary).toMatchObject({ errors: 2, restored: { entries: 1 } })
    expect([...target.entries.keys()]).toEqual(['/y'])
  })
})

describe('a restore that is cancelled', () => {
  it('rejects with the reason, whenever that is', async () => {
    const repository = await open(memoryBackend({ files: stored }))
    let events = 0
    await restoreFrom(repository, { onEvent: () => void events++ })
    expect(events).toBeGreaterThan(6)
    for (let at = 1; at <= events; at++) {
      const stop = new AbortController()
      const reason = new Error(`stopped at event ${at}`)
      target = memoryTarget()
      let seen = 0
      const onEvent = (): void => {
        if (++seen === at) stop.abort(reason)
      }
      const session = await open(memoryBackend({ files: stored }))
      const restored = restoreFrom(session, { signal: stop.signal, onEvent })
      await expect(restored).rejects.toBe(reason)
    }
  })

  it('stops before it begins', async () => {
    const repository = await open(memoryBackend({ files: stored }))
    const plan = await planRestore(repository, root, target)
    const signal = AbortSignal.abort()
    await expect(restore(repository, plan, target, { signal })).rejects.toBe(signal.reason)
    expect(target.entries.size).toBe(0)
  })
})

describe('what a restore costs', () => {
  it('reads every pack once, and of a pack only what it needs', async () => {
    const backend: MemoryBackend = memoryBackend()
    const counting = countingBackend(backend)
    const repository = await (await testRepository({ backend: counting })).loadIndex()
    const blobs = Array.from({ length: 300 }, (_, seed) => noise(3000, seed))
    root = await storeTree(repository, [
      { name: 'all', data: blobs },
      { name: 'most', data: blobs.slice(100) },
      { name: 'one', data: blobs.slice(150, 151) },
    ])
    const session = await open(counting)
    counting.reset()
    await restoreFrom(session)
    // One for the tree, one for all the blobs.
    expect(counting.requests('read', 'pack')).toBe(2)
    expect(counting.bytes('read', 'pack')).toBeLessThan(300 * 3100 + 1000)
    target = memoryTarget()
    const options = { select: (path: string) => path === '/one' }
    const another = await open(counting)
    const plan = await planRestore(another, root, target, options)
    counting.reset()
    await restore(another, plan, target)
    expect(counting.requests('read', 'pack')).toBe(1)
    expect(counting.bytes('read', 'pack')).toBeLessThan(3100)
  })
})
