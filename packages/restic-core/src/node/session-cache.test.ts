import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CacheEvent, type IndexedRepository, openRepository } from '../index.ts'
import { memoryBackend } from '../backend/memory.ts'
import type { Backend } from '../backend/backend.ts'
import { formatTree } from '../format/tree.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { testPassword, testRepository, testSnapshot } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import { nodeSessionCache } from './session-cache.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-cache-'))
})
afterEach(() => rm(folder, { recursive: true }))

const emptyTree = formatTree([])

async function filledRepository(): Promise<{ files: Map<string, Uint8Array>; id: string }> {
  const store = memoryBackend()
  const repository = await testRepository({ backend: store })
  const indexed = await repository.loadIndex()
  const { id: tree } = await indexed.writing((blobs) => blobs.saveBlob('tree', emptyTree))
  await repository.saveSnapshot(testSnapshot({ tree }))
  return { files: store.files(), id: repository.config.id }
}

/** Opens the repository, reads all that is in it, and ends. */
async function readAll(
  backend: Backend,
  cacheFolder: string,
  events: CacheEvent[] = [],
): Promise<IndexedRepository> {
  const cache = nodeSessionCache({ folder: cacheFolder, onEvent: (event) => events.push(event) })
  const runtime = await testRuntime({ seed: 2 })
  const opened = await openRepository({ backend, runtime, password: testPassword, cache })
  const repository = await opened.loadIndex()
  for await (const { tree } of repository.snapshots()) {
    expect(await repository.readTree(tree)).toEqual([])
  }
  await repository[Symbol.asyncDispose]()
  return repository
}

describe('nodeSessionCache', () => {
  it('lets a second session read nothing but what is never kept', async () => {
    const { files, id } = await filledRepository()
    await readAll(memoryBackend({ files }), folder)
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['CACHEDIR.TAG', id]))
    const backend = countingBackend(memoryBackend({ files }))
    await readAll(backend, folder)
    expect(Object.keys(backend.counts()).toSorted()).toEqual([
      'list index',
      'list key',
      'list snapshot',
      'read config',
      'read key',
    ])
  })

  it('costs nothing but time when it cannot be used', async () => {
    const { files } = await filledRepository()
    const blocked = join(folder, 'a-file')
    await writeFile(blocked, '')
    const events: CacheEvent[] = []
    await readAll(memoryBackend({ files }), blocked, events)
    expect(new Set(events.map(({ problem }) => problem))).toEqual(
      new Set(['unreadable', 'unwritable']),
    )
  })
})
