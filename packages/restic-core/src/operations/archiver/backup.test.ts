import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Backend } from '../../backend/backend.ts'
import { memoryBackend } from '../../backend/memory.ts'
import { MiB, toHex } from '../../base/bytes.ts'
import { SourceError } from '../../base/errors.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import { nodeFileAccess } from '../../node/file-access.ts'
import { fileSource } from '../../node/file-source.ts'
import { nodeRuntime } from '../../node/runtime.ts'
import type { IndexedRepository, StoredSnapshot } from '../../repository/api.ts'
import { initRepository } from '../../repository/init.ts'
import { openRepository } from '../../repository/open.ts'
import { countingBackend, failOn, faultyBackend, testRuntime } from '../../testing/index.ts'
import { noise } from '../../testing/sample-files.ts'
import type { FileAccess } from '../../work/files.ts'
import type { Runtime } from '../../work/runtime.ts'
import type { SourceEntry, SourceTree } from '../shared/source-tree.ts'
import { backup } from './backup.ts'
import type { BackupEvent, BackupResult } from './events.ts'
import type { BackupOptions } from './options.ts'
import { layOutTargets } from './targets.ts'

const password = 'test'
let runtime: Runtime
let folder: string

beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 2 })
})
afterAll(() => runtime[Symbol.asyncDispose]())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

async function testRepository(
  backend: Backend = memoryBackend(),
  usedRuntime: Runtime = runtime,
): Promise<IndexedRepository> {
  const cost = { N: 1024, r: 8, p: 1 }
  const names = { hostname: 'h', username: 'u' }
  const options = { backend, runtime: usedRuntime, password, ...names, cost }
  const repository = await initRepository(options)
  return repository.loadIndex()
}

async function reopened(backend: Backend): Promise<IndexedRepository> {
  return (await openRepository({ backend, runtime, password })).loadIndex()
}

function run(
  repository: IndexedRepository,
  options: Partial<BackupOptions> = {},
  source: SourceTree = fileSource(),
): Promise<BackupResult> {
  return backup(repository, source, {
    targets: layOutTargets([folder], (path) => source.list(path)),
    snapshot: {
      paths: [folder],
      hostname: 'h',
      username: 'u',
      uid: 0,
      gid: 0,
      programVersion: 'test',
    },
    ...options,
  })
}

/** The file system, with something that happens after each look at an entry. */
function sourceThat(then: (path: string) => void): SourceTree {
  const source = fileSource()
  return {
    list: (path) => source.list(path),
    entryFollowed: (path) => source.entryFollowed(path),
    linkTarget: (path) => source.linkTarget(path),
    extendedAttributes: (path, options) => source.extendedAttributes(path, options),
    entry: (path) => {
      const entry = source.entry(path)
      then(path)
      return entry
    },
  }
}

/** The file system as it was when it was first looked at above `folder`, where other tests work too. */
function sourceWithin(): SourceTree {
  const source = sourceThat(() => undefined)
  const above = new Map<string, SourceEntry>()
  return {
    ...source,
    entryFollowed: (path) => {
      const entry = above.get(path) ?? source.entryFollowed(path)
      above.set(path, entry)
      return entry
    },
  }
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

async function snapshotsOf(repository: IndexedRepository): Promise<StoredSnapshot[]> {
  return collect(repository.snapshots())
}

/** The nodes of the folder that was backed up. */
async function nodesOf(repository: IndexedRepository, { tree }: BackupResult) {
  let nodes = await repository.readTree(tree)
  for (const name of folder.split('/').filter((part) => part !== '')) {
    const directory = nodes.find((node) => node.name === name)
    nodes = directory?.subtree ? await repository.readTree(directory.subtree) : []
  }
  return new Map(nodes.map((node) => [node.name, node]))
}

describe('backup', () => {
  it('stores content that reads back the same, in files of every size', async () => {
    const files = new Map([
      ['empty', noise(0, 1)],
      ['small', noise(1000, 2)],
      ['chunks', noise(5 * MiB, 3)],
      ['large', noise(37 * MiB + 11, 4)],
      ['zeros', new Uint8Array(17 * MiB)],
    ])
    for (const [name, content] of files) write(name, content)
    const backend = memoryBackend()
    const result = await run(await testRepository(backend))
    const repository = await reopened(backend)
    const nodes = await nodesOf(repository, result)
    for (const [name, content] of files) {
      const node = nodes.get(name)
      const blobs = await Promise.all(
        (node?.content ?? []).map((id) => repository.readBlob('data', id)),
      )
      expect(Buffer.compare(Buffer.concat(blobs), content), name).toBe(0)
      expect(node?.size).toBe(content.length)
    }
    expect(result.unstable).toEqual([])
  })

  it('cuts a large file where one pass over it cuts', async () => {
    const content = noise(150 * MiB, 5)
    write('large', content)
    const repository = await testRepository()
    const nodes = await nodesOf(repository, await run(repository))
    const { kernel } = runtime
    const chunker = kernel.chunker(repository.config.chunkerPolynomial)
    const expected: string[] = []
    for (let at = 0; at < content.length;) {
      const end = Math.min(content.length, at + chunkLengthMax)
      const length = chunker.cut(content, at, end) || end - at
      expected.push(toHex(kernel.sha256(content.subarray(at, at + length))))
      at += length
    }
    expect(nodes.get('large')?.content).toEqual(expected)
  })

  it('stores equal content once, however many files and threads meet it', async () => {
    const same = noise(3 * MiB, 6)
    for (let number = 0; number < 20; number++) write(`copy-${number}`, same)
    const result = await run(await testRepository())
    expect(result.summary.dataAdded).toBeLessThan(3 * MiB + 100_000)
    expect(result.summary.filesNew).toBe(20)
  })

  it('reads nothing that has not changed since the parent', async () => {
    for (let number = 0; number < 50; number++) write(`f${number}`, `content ${number}`)
    const repository = await testRepository()
    const source = sourceWithin()
    const first = await run(repository, {}, source)
    const [parent] = await snapshotsOf(repository)
    write('f7', 'something else')
    const events: BackupEvent[] = []
    const onEvent = (event: BackupEvent): void => void events.push(event)
    const second = await run(repository, { parent, onEvent }, source)
    const reads = events.filter(({ type }) => type === 'read')
    expect(reads).toHaveLength(1)
    expect(second.summary).toMatchObject({ filesNew: 0, filesChanged: 1, filesUnmodified: 49 })
    expect(second.summary.dataBlobs).toBe(1)
    expect(second.tree).not.toBe(first.tree)
    const saved = (await snapshotsOf(repository)).find(({ tree }) => tree === second.tree)
    const third = await run(repository, { parent: saved, skipIfUnchanged: true }, source)
    expect(third).toMatchObject({ tree: second.tree, snapshotId: undefined })
    expect(third.summary).toMatchObject({ dataBlobs: 0, treeBlobs: 0 })
  })

  it('reads a file again whose content the index has lost', async () => {
    write('f', 'kept')
    const backend = memoryBackend()
    const repository = await testRepository(backend)
    await run(repository)
    const [parent] = await snapshotsOf(repository)
    const indexes = await collect(backend.list('index'))
    for (const { name } of indexes) await backend.remove({ type: 'index', name })
    const events: BackupEvent[] = []
    const later = await reopened(backend)
    const result = await run(later, { parent, onEvent: (event) => events.push(event) })
    expect(result.summary.dataBlobs).toBe(1)
  })

  it('keeps no snapshot when an upload fails for good, and tells why', async () => {
    write('f', noise(40 * MiB, 7))
    const inner = memoryBackend()
    const backend = faultyBackend(inner, { write: { pack: failOn(2, 'full') } })
    const repository = await testRepository(backend)
    await expect(run(repository)).rejects.toMatchObject({ code: 'BACKEND', reason: 'full' })
    expect(await snapshotsOf(repository)).toEqual([])
    const again = await run(repository)
    expect(again.summary.filesNew).toBe(1)
    const other = await reopened(inner)
    expect((await nodesOf(other, again)).get('f')?.size).toBe(40 * MiB)
  })

  it('leaves the repository readable whichever request is the first to fail', async () => {
    for (let number = 0; number < 6; number++) write(`d${number}/f`, noise(3 * MiB, number))
    for (let nth = 1; ; nth++) {
      const inner = memoryBackend()
      await testRepository(inner)
      const repository = await reopened(faultyBackend(inner, { any: failOn(nth + 6) }))
      const outcome = await run(repository, { packSize: 4 * MiB }).catch((error: unknown) => error)
      const after = await reopened(inner)
      for (const snapshot of await snapshotsOf(after)) await after.readTree(snapshot.tree)
      if (!(outcome instanceof Error)) {
        expect(nth).toBeGreaterThan(3)
        break
      }
      expect(outcome).toMatchObject({ code: 'BACKEND', reason: 'unavailable' })
    }
  })

  it('asks the store for one pack write a pack, one index and one snapshot', async () => {
    write('f', noise(30 * MiB, 9))
    const backend = countingBackend(memoryBackend())
    const repository = await testRepository(backend)
    backend.reset()
    await run(repository)
    expect(backend.requests('write', 'pack')).toBe(3)
    expect(backend.requests('write', 'index')).toBe(1)
    expect(backend.requests('write', 'snapshot')).toBe(1)
    expect(backend.requests('read')).toBe(0)
  })

  it('skips or stops at what cannot be read, as it is told', async () => {
    write('good', 'g')
    const bad = write('bad', 'b')
    const denying = sourceThat((path) => {
      if (path === bad) throw new SourceError(`cannot read ${path}`, path, 'denied')
    })
    const repository = await testRepository()
    await expect(run(repository, {}, denying)).rejects.toMatchObject({ code: 'SOURCE', path: bad })
    const result = await run(repository, { onUnreadable: () => 'skip' }, denying)
    expect(result.skipped).toBe(1)
    expect([...(await nodesOf(repository, result)).keys()]).toEqual(['good'])
  })

  it('stores what a large file shares with one that became unreadable half way', async () => {
    const zeros = new Uint8Array(3 * chunkLengthMax)
    const bad = write('a', zeros)
    write('b', zeros)
    let opened = 0
    const files: FileAccess = {
      ...nodeFileAccess(),
      openForReading: (path) => {
        const file = nodeFileAccess().openForReading(path)
        // It is opened to be cut, then to be stored.
        const isFaulty = path === bad && ++opened === 2
        const read: typeof file.read = (into, position) => {
          if (isFaulty && position > 0) throw new SourceError(`${path} is damaged`, path, 'io')
          return file.read(into, position)
        }
        return { read, state: () => file.state(), close: () => file.close() }
      },
    }
    const repository = await testRepository(memoryBackend(), await testRuntime({ files }))
    const result = await run(repository, { onUnreadable: () => 'skip' })
    expect(result.skipped).toBe(1)
    const nodes = await nodesOf(repository, result)
    expect([...nodes.keys()]).toEqual(['b'])
    let length = 0
    for (const id of nodes.get('b')?.content ?? []) {
      length += (await repository.readBlob('data', id)).length
    }
    expect(length).toBe(zeros.length)
  })

  it('leaves out a file that is deleted before it is read, and that is no error', async () => {
    write('stays', 's')
    const gone = write('gone', 'g')
    const deleting = sourceThat((path) => {
      if (path === gone) rmSync(gone)
    })
    const repository = await testRepository()
    const result = await run(repository, {}, deleting)
    expect(result.skipped).toBe(0)
    expect([...(await nodesOf(repository, result)).keys()]).toEqual(['stays'])
  })

  it('reads a file again that changed while it was read, and names it when it goes on changing', async () => {
    const path = write('busy', noise(20 * MiB, 10))
    const files = nodeFileAccess()
    // Somebody writes to the file after each of so many reads.
    let changes = 0
    const openForReading: FileAccess['openForReading'] = (at) => {
      const file = files.openForReading(at)
      const read: typeof file.read = (into, position) => {
        const length = file.read(into, position)
        if (changes-- > 0) appendFileSync(path, 'more')
        return length
      }
      return { ...file, read }
    }
    const busyRuntime = await testRuntime({ files: { ...files, openForReading } })
    const repository = await testRepository(memoryBackend(), busyRuntime)
    changes = Number.POSITIVE_INFINITY
    expect((await run(repository, { rereads: 2 })).unstable).toEqual([path])
    changes = 3
    const steady = await run(repository, { rereads: 2 })
    expect(steady.unstable).toEqual([])
    expect((await nodesOf(repository, steady)).get('busy')?.size).toBe(statSync(path).size)
  })

  it.each([0, 4096])('believes what it read of a file that always says %i bytes', async (told) => {
    const path = write('version', noise(300, 11))
    const files = nodeFileAccess()
    const openForReading: FileAccess['openForReading'] = (at) => {
      const file = files.openForReading(at)
      return { ...file, state: () => ({ ...file.state(), size: told }) }
    }
    const procRuntime = await testRuntime({ files: { ...files, openForReading } })
    const repository = await testRepository(memoryBackend(), procRuntime)
    const result = await run(repository)
    expect(result.unstable).toEqual([])
    expect((await nodesOf(repository, result)).get('version')?.size).toBe(statSync(path).size)
  })

  it('stops at once when it is cancelled', async () => {
    for (let number = 0; number < 10; number++) write(`f${number}`, noise(20 * MiB, number))
    const repository = await testRepository()
    const stop = new AbortController()
    const onEvent = (event: BackupEvent): void => {
      if (event.type === 'pack') stop.abort(new Error('enough'))
    }
    await expect(run(repository, { signal: stop.signal, onEvent })).rejects.toThrow('enough')
    expect(await snapshotsOf(repository)).toEqual([])
  })

  it('counts and stores nothing in a dry run', async () => {
    write('f', noise(20 * MiB, 11))
    const backend = countingBackend(memoryBackend())
    const repository = await testRepository(backend)
    backend.reset()
    const result = await run(repository, { dryRun: true })
    expect(result.snapshotId).toBeUndefined()
    expect(result.summary.dataAdded).toBeGreaterThan(20 * MiB)
    expect(backend.requests('write')).toBe(0)
    const real = await run(repository)
    expect(real.summary.dataBlobs).toBe(result.summary.dataBlobs)
  })

  it('refuses a snapshot of nothing unless it is allowed', async () => {
    write('f', 'x')
    const repository = await testRepository()
    const none = { targets: [], parent: undefined }
    await expect(run(repository, none)).rejects.toThrow('snapshot is empty')
    const result = await run(repository, { ...none, allowEmpty: true })
    expect(result.tree).toBe('ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8')
  })

  it('stores only the one entry of a directory that an exclusion leaves', async () => {
    for (const name of ['cache/tag', 'cache/x', 'skip/x', 'keep']) write(name, name)
    const repository = await testRepository()
    const result = await run(repository, {
      exclusion: {
        byPath: (path) => path.endsWith('/skip'),
        onlyEntry: (_, names) => (names.includes('tag') ? 'tag' : undefined),
        byEntry: (_, entry) => entry.size === 4,
      },
    })
    const nodes = await nodesOf(repository, result)
    expect([...nodes.keys()]).toEqual(['cache'])
    const inside = await repository.readTree(nodes.get('cache')?.subtree ?? result.tree)
    expect(inside.map(({ name }) => name)).toEqual(['tag'])
  })
})
