import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type FixtureName,
  fixturePath,
  readFixture,
} from '../../../../../fixtures/read-manifest.ts'
import type { Backend } from '../../backend/backend.ts'
import { memoryBackend } from '../../backend/memory.ts'
import { BackendError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
import type { OpenedKey, Repository } from '../../repository/api.ts'
import { openRepository } from '../../repository/open.ts'
import {
  type EntryLiteral,
  countingBackend,
  faultyBackend,
  filesOfFolder,
  noise,
  storeTree,
  testPassword,
  testRepository,
  testRuntime,
  testSnapshot,
  withFlippedBit,
} from '../../testing/index.ts'
import { type CheckOptions, check } from './check.ts'
import type { CheckEvent, Finding } from './findings.ts'

async function findings(repository: Repository, options: CheckOptions = {}): Promise<Finding[]> {
  const found: Finding[] = []
  for await (const finding of check(repository, options)) found.push(finding)
  return found
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const told = ({ severity, kind, what, text }: Finding): string =>
  `${severity} ${kind}: ${what}: ${text}`

const names: readonly FixtureName[] = [
  'v1-restic-0.14.0',
  'v1-restic-0.18.0',
  'v2-restic-0.14.0',
  'v2-restic-0.18.0',
]

describe.each(names)('a check of the repository of restic %s', (name) => {
  let files: Map<string, Uint8Array>
  /** Opened once: the password's stretching is slow on purpose. */
  let password: OpenedKey
  beforeAll(async () => {
    files = filesOfFolder(fixturePath(name))
    const fixture = await readFixture(name)
    const backend = memoryBackend({ files })
    const runtime = await testRuntime()
    const { keyId, masterKey } = await openRepository({ ...fixture, backend, runtime })
    password = { keyId, masterKey }
  })

  async function checked(
    change: (files: Map<string, Uint8Array>) => void,
    options: CheckOptions = { readData: true },
  ): Promise<Finding[]> {
    const changed = new Map(files)
    change(changed)
    const backend = memoryBackend({ files: changed })
    return findings(
      await openRepository({ backend, runtime: await testRuntime(), password }),
      options,
    )
  }

  const pathsOf = (folder: string): string[] =>
    [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).toSorted()
  const edit = (path: string, change: (bytes: Uint8Array) => Uint8Array | undefined) => {
    return (changed: Map<string, Uint8Array>): void => {
      const bytes = change(files.get(path) as Uint8Array)
      if (bytes) changed.set(path, bytes)
      else changed.delete(path)
    }
  }

  it('finds nothing wrong in what restic wrote', async () => {
    expect(await checked(() => {})).toEqual([])
  })

  it('names every pack that is missing', async () => {
    for (const path of pathsOf('data')) {
      const found = await checked(edit(path, () => undefined))
      expect(found[0]).toMatchObject({
        kind: 'pack-lost',
        severity: 'error',
        pack: nameOf(path),
        text: 'does not exist',
      })
    }
  })

  it('names every pack that is cut short or too long, without reading it', async () => {
    for (const path of pathsOf('data')) {
      const size = files.get(path)?.length as number
      const changes = [
        (bytes: Uint8Array) => bytes.slice(0, -1),
        (bytes: Uint8Array) => Uint8Array.of(...bytes.subarray(0, 1), ...bytes.subarray(0)),
      ]
      for (const [index, change] of changes.entries()) {
        if (index === 1 && size > 100_000) continue
        const found = await checked(edit(path, change), {})
        expect(found[0]).toMatchObject({
          kind: 'pack-broken',
          pack: nameOf(path),
          text: `unexpected file size: got ${size + (index === 0 ? -1 : 1)}, expected ${size}`,
        })
      }
    }
  })

  it('names the pack of any wrong byte, and the blob it is in', async () => {
    for (const path of pathsOf('data')) {
      const size = files.get(path)?.length as number
      for (const at of [0, 40, size >> 1, size - 40, size - 1]) {
        const found = await checked(edit(path, (bytes) => withFlippedBit(bytes, at)))
        const pack = found.find(({ kind }) => kind === 'pack-broken')
        expect(pack, `byte ${at} of ${path}`).toMatchObject({ pack: nameOf(path) })
        const place = at <= size >> 1 ? /blob \w{64} is damaged/ : /its header/
        expect(pack?.text, `byte ${at} of ${path}`).toMatch(place)
      }
    }
  })

  it('stops at an index file that cannot be read, and names it', async () => {
    for (const path of pathsOf('index')) {
      const found = await checked(edit(path, withFlippedBit))
      expect(found).toMatchObject([
        { kind: 'index-unreadable', advice: 'repair-index', index: nameOf(path) },
      ])
    }
  })

  it('names a snapshot that cannot be read, and goes on', async () => {
    const [path = ''] = pathsOf('snapshots')
    const found = await checked(edit(path, withFlippedBit))
    expect(found).toMatchObject([{ kind: 'snapshot-unreadable', snapshot: nameOf(path) }])
  })

  it('takes a pack that no index names for something to tidy up', async () => {
    const pack = 'ab'.repeat(32)
    const found = await checked((changed) => changed.set(`data/ab/${pack}`, noise(500, 1)))
    expect(found).toMatchObject([{ kind: 'pack-unused', severity: 'hint', advice: 'prune', pack }])
  })
})

describe('a check', () => {
  let backend: ReturnType<typeof memoryBackend>
  let repository: Repository
  beforeEach(async () => {
    backend = memoryBackend()
    repository = await testRepository({ backend })
  })

  async function stored(entries: readonly EntryLiteral[]): Promise<void> {
    const tree = await storeTree(await repository.loadIndex(), entries)
    await repository.saveSnapshot(testSnapshot({ tree }))
  }

  async function reopened(store: Backend = backend): Promise<Repository> {
    const runtime = await testRuntime({ seed: 9 })
    return openRepository({ backend: store, runtime, password: testPassword })
  }

  it('finds nothing in an empty repository', async () => {
    expect(await findings(repository, { readData: true })).toEqual([])
  })

  it('tells what is wrong with each entry of a tree, and where', async () => {
    const lost = 'ab'.repeat(32) as TreeId
    const zero = '0'.repeat(64) as TreeId
    await stored([
      {
        name: 'd',
        entries: [
          { name: 'a', type: 'file', content: null },
          { name: 'b', data: [], content: [lost] },
          { name: 'c', data: [], content: [zero] },
          { name: 'e', type: 'dir' },
          { name: 'f', type: 'dir', subtree: zero },
          { name: 'g', type: 'dir', subtree: lost },
          { name: 'h', type: 'irregular' },
          { name: 'i', type: 'socket' },
        ],
      },
    ])
    const found = await findings(repository)
    expect(found.map(({ what }) => what.replace(/^tree \w{8}/, 'tree'))).toEqual([
      ...Array.from({ length: 6 }, () => 'tree (/d)'),
      'tree (/d/g)',
    ])
    expect(found.map(({ text }) => text)).toEqual([
      'file "a" has no list of blobs',
      `file "b" needs blob ${lost}, which is not in the index`,
      'file "c" has a blob whose id is zero',
      'dir "e" has no subtree',
      'dir "f" has a subtree whose id is zero',
      'irregular "h" is of an unknown type',
      'tree blob abababab is missing from the repository',
    ])
  })

  it("names a snapshot's tree that is not there", async () => {
    await repository.saveSnapshot(testSnapshot({ tree: 'cd'.repeat(32) as TreeId }))
    expect((await findings(repository)).map(told)).toEqual([
      'error tree-broken: tree cdcdcdcd (/): tree blob cdcdcdcd is missing from the repository',
    ])
  })

  it('reads a tree once, however many snapshots and directories lead to it', async () => {
    const shared = { entries: [{ name: 'x', data: [noise(10, 1)] }] }
    await stored([
      { name: 'a', ...shared },
      { name: 'b', ...shared },
    ])
    await stored([{ name: 'a', ...shared }])
    const counting = countingBackend(backend)
    const events: CheckEvent[] = []
    await findings(await reopened(counting), { onEvent: (event) => events.push(event) })
    expect(counting.requests('read', 'pack')).toBe(3)
    expect(events.filter(({ stage }) => stage === 'trees').at(-1)).toMatchObject({
      done: 3,
      total: 3,
    })
  })

  it('takes a pack in two index files for something to tidy up, if they agree', async () => {
    await stored([{ name: 'f', data: [noise(100, 1)] }])
    const index = await repository.loadIndex()
    const [id = ''] = index.indexIds
    const json = new TextDecoder().decode(await repository.loadFile('index', id))
    // The same content in another file: a blank makes the bytes, and so the name, differ.
    await repository.files.save('index', new TextEncoder().encode(`${json.trimEnd()} \n`))
    const found = await findings(await reopened())
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['pack-indexed-twice']))
    expect(found.every(({ severity }) => severity === 'hint')).toBe(true)
  })

  it('calls a pack broken that two index files do not agree about', async () => {
    await stored([{ name: 'f', data: [noise(100, 1), noise(100, 2)] }])
    const index = await repository.loadIndex()
    const [id = ''] = index.indexIds
    const json = JSON.parse(new TextDecoder().decode(await repository.loadFile('index', id)))
    for (const pack of json.packs) pack.blobs[0].offset += 1
    await repository.files.save('index', new TextEncoder().encode(JSON.stringify(json)))
    const found = await findings(await reopened())
    expect(found[0]).toMatchObject({ kind: 'pack-broken', severity: 'error' })
    expect(found[0]?.text).toBe('2 index files name it, and do not agree about what is in it')
  })

  it('tells a pack that was read wrong once', async () => {
    await stored([{ name: 'f', data: [noise(50_000, 1)] }])
    const index = await repository.loadIndex()
    const packs = [...index.index.packs()]
    const readOnce = new Set<string>()
    const unsteady: Backend = new Proxy(backend, {
      get(inner, name: keyof Backend) {
        if (name !== 'read') return inner[name]
        return async (...[file, options]: Parameters<Backend['read']>) => {
          const bytes = await inner.read(file, options)
          const isWholePack = file.type === 'pack' && options?.range === undefined
          if (!isWholePack || readOnce.has(file.name)) return bytes
          readOnce.add(file.name)
          return withFlippedBit(bytes)
        }
      },
    })
    const found = await findings(await reopened(unsteady), { readData: true })
    expect(found.map(({ kind }) => kind)).toEqual(packs.map(() => 'pack-unsteady'))
    expect(found[0]?.text).toMatch(/^check successful on second attempt, original error: blob/)
  })

  it('rejects when the store cannot be reached any more, and blames no pack', async () => {
    await stored([{ name: 'f', data: [noise(1000, 1)] }])
    const gone = new BackendError('the server does not answer', 'unavailable')
    const store = faultyBackend(backend, {
      read: {
        pack: (_, request) =>
          'range' in request && request.range ? undefined : { error: gone, when: 'before' },
      },
    })
    await expect(findings(await reopened(store), { readData: true })).rejects.toBe(gone)
  })

  it('reads only the part of the packs it was asked for', async () => {
    for (let seed = 0; seed < 12; seed++) await stored([{ name: 'f', data: [noise(1000, seed)] }])
    const { index } = await repository.loadIndex()
    const packs = [...index.packs()]
    const read = async (readData: CheckOptions['readData']): Promise<number> => {
      let done = 0
      const onEvent = (event: CheckEvent): void => {
        if (event.stage === 'data') done = event.done
      }
      expect(await findings(repository, { readData, onEvent })).toEqual([])
      return done
    }
    expect(await read(true)).toBe(packs.length)
    let sum = 0
    for (let part = 1; part <= 4; part++) sum += await read({ part, of: 4 })
    expect(sum).toBe(packs.length)
    expect(await read({ percent: 50 })).toBe(Math.floor(packs.length / 2))
    expect(await read({ percent: 0.01 })).toBe(1)
    expect(await read({ bytes: 1e9 })).toBe(packs.length)
    await expect(read({ percent: 101 })).rejects.toThrow(RangeError)
    await expect(read({ part: 5, of: 4 })).rejects.toThrow(RangeError)
  })

  it('goes no faster than its findings are taken', async () => {
    for (let seed = 0; seed < 40; seed++) await stored([{ name: 'f', data: [noise(1000, seed)] }])
    const files = backend.files()
    for (const [path, bytes] of files) {
      if (path.startsWith('data/')) files.set(path, withFlippedBit(bytes, bytes.length - 8))
    }
    const counting = countingBackend(memoryBackend({ files }))
    const slow = check(await reopened(counting), { readData: true })
    const first = await slow.next()
    expect(first.value).toMatchObject({ kind: 'pack-broken' })
    const reads = counting.requests('read', 'pack')
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    // What was in flight may have ended since; nothing new has begun beyond the limit.
    const limit = 2 * (repository.connections + repository.runtime.pool.size)
    expect(counting.requests('read', 'pack') - reads).toBeLessThanOrEqual(limit)
    await slow.return(undefined)
  })

  it('rejects with the reason when it is cancelled', async () => {
    await stored([{ name: 'f', data: [noise(1000, 1)] }])
    for (const stage of ['index', 'packs', 'trees', 'data'] as const) {
      const stop = new AbortController()
      const reason = new Error(`stopped at ${stage}`)
      const onEvent = (event: CheckEvent): void => {
        if (event.stage === stage) stop.abort(reason)
      }
      const checked = findings(repository, { readData: true, signal: stop.signal, onEvent })
      await expect(checked, stage).rejects.toBe(reason)
    }
  })
})
