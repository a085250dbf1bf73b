import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SnapshotId } from '../base/id.ts'
import { type MemoryBackend, memoryBackend } from '../backend/memory.ts'
import type { Snapshot } from '../format/snapshot.ts'
import { countingBackend } from '../testing/counting-backend.ts'
import { withFlippedBit } from '../testing/stored-files.ts'
import { testPassword, testRepository, testSnapshot } from '../testing/test-repository.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { Repository, StoredSnapshot } from './api.ts'
import { openRepository } from './open.ts'
import { matchesFilter, newest } from './snapshots.ts'

async function all(repository: Repository): Promise<StoredSnapshot[]> {
  const snapshots: StoredSnapshot[] = []
  for await (const snapshot of repository.snapshots()) snapshots.push(snapshot)
  return snapshots
}

async function repositoryWith(
  ...snapshots: readonly Partial<Snapshot>[]
): Promise<{ store: MemoryBackend; repository: Repository; ids: SnapshotId[] }> {
  const store = memoryBackend()
  const repository = await testRepository({ backend: store })
  const ids: SnapshotId[] = []
  for (const fields of snapshots) ids.push(await repository.saveSnapshot(testSnapshot(fields)))
  return { store, repository, ids }
}

describe('snapshots', () => {
  it('are read as they were saved, with what nobody here knows', async () => {
    const snapshot = testSnapshot({ tags: ['a', 'b'], extra: { label: 'x', nested: { n: 1 } } })
    const { repository, ids } = await repositoryWith(snapshot)
    expect(await all(repository)).toMatchObject([{ ...snapshot, id: ids[0] }])
  })

  it('are gone once they are removed', async () => {
    const { repository, ids } = await repositoryWith({ hostname: 'a' }, { hostname: 'b' })
    await repository.removeSnapshot(ids[0] as SnapshotId)
    expect(await all(repository)).toMatchObject([{ hostname: 'b' }])
  })

  it.each([
    ['uid', { uid: -1 }],
    ['time', { time: 'yesterday' }],
    ['tags', { tags: 'a' as unknown as string[] }],
  ])('are not saved when nobody could read them again: %s', async (member, fields) => {
    const { repository } = await repositoryWith()
    const saved = repository.saveSnapshot(testSnapshot(fields))
    await expect(saved).rejects.toThrow(TypeError)
    await expect(saved).rejects.toThrow(member)
    expect(await all(repository)).toEqual([])
  })

  it('cost one listing and one read each', async () => {
    const { store } = await repositoryWith(...Array.from({ length: 30 }, () => ({})))
    const backend = countingBackend(store)
    const runtime = await testRuntime({ seed: 2 })
    const repository = await openRepository({ backend, runtime, password: testPassword })
    backend.reset()
    expect(await all(repository)).toHaveLength(30)
    expect(backend.requests('list')).toBe(1)
    expect(backend.requests('read')).toBe(30)
  })

  it('are read by no more than the store likes at once', async () => {
    const { store } = await repositoryWith(...Array.from({ length: 30 }, () => ({})))
    let atOnce = 0
    let most = 0
    const backend = {
      ...store,
      traits: { connections: 4, atomicReplace: false },
      read: async (...args: Parameters<typeof store.read>) => {
        most = Math.max(most, ++atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        atOnce--
        return store.read(...args)
      },
    }
    const runtime = await testRuntime({ seed: 2 })
    const repository = await openRepository({ backend, runtime, password: testPassword })
    most = 0
    expect(await all(repository)).toHaveLength(30)
    expect(most).toBe(4)
  })

  it('name the one that is damaged, or hand it to who asked for it', async () => {
    const { store, ids } = await repositoryWith({ hostname: 'a' }, { hostname: 'b' })
    const [bad] = ids as [SnapshotId]
    const files = store.files()
    files.set(`snapshots/${bad}`, withFlippedBit(files.get(`snapshots/${bad}`) as Uint8Array))
    const runtime = await testRuntime({ seed: 2 })
    const backend = memoryBackend({ files })
    const repository = await openRepository({ backend, runtime, password: testPassword })
    const what = `snapshot ${bad.slice(0, 8)}`
    await expect(all(repository)).rejects.toMatchObject({ code: 'CORRUPT', what, check: 'hash' })
    const damaged: unknown[] = []
    const good: StoredSnapshot[] = []
    const onDamaged = (id: SnapshotId, error: Error): void => void damaged.push([id, error])
    for await (const snapshot of repository.snapshots({ onDamaged })) good.push(snapshot)
    expect(good).toMatchObject([{ hostname: 'b' }])
    expect(damaged).toEqual([[bad, expect.objectContaining({ what })]])
  })

  it('stop when told, although damaged ones are taken', async () => {
    const { repository } = await repositoryWith({}, {})
    const stop = new AbortController()
    const reading = async (): Promise<void> => {
      const options = { signal: stop.signal, onDamaged: () => undefined }
      for await (const snapshot of repository.snapshots(options)) stop.abort(snapshot.id)
    }
    await expect(reading()).rejects.toBeTypeOf('string')
  })
})

describe('findSnapshot', () => {
  it('takes a whole id and the beginning of one', async () => {
    const { repository, ids } = await repositoryWith({ hostname: 'a' }, { hostname: 'b' })
    const [first] = ids as [SnapshotId]
    expect(await repository.findSnapshot(first)).toMatchObject({ id: first, hostname: 'a' })
    expect(await repository.findSnapshot(first.slice(0, 8))).toMatchObject({ id: first })
  })

  it('tells what is not there as restic does', async () => {
    const { repository } = await repositoryWith({})
    await expect(repository.findSnapshot('0123abcd')).rejects.toMatchObject({
      code: 'MISSING',
      message: 'no matching ID found for prefix "0123abcd"',
    })
    await expect(repository.findSnapshot('00'.repeat(32))).rejects.toMatchObject({
      code: 'MISSING',
      what: 'snapshot 00000000',
    })
    await expect(repository.findSnapshot('latest', { hosts: ['nobody'] })).rejects.toMatchObject({
      code: 'MISSING',
      message: 'no snapshot found',
    })
  })

  it('refuses a beginning that several share', async () => {
    const { repository } = await repositoryWith({}, {})
    await expect(repository.findSnapshot('')).rejects.toMatchObject({
      code: 'MISSING',
      message: 'multiple IDs with prefix "" found',
    })
  })

  it('takes the newest by instant, not by text, within the filter', async () => {
    const { repository, ids } = await repositoryWith(
      { time: '2024-01-01T12:00:00+02:00', hostname: 'a' },
      { time: '2024-01-01T11:00:00Z', hostname: 'b' },
      { time: '2024-01-01T09:00:00-05:00', hostname: 'c' },
    )
    expect(await repository.findSnapshot('latest')).toMatchObject({ id: ids[2] })
    const filter = { hosts: ['a', 'b'] }
    expect(await repository.findSnapshot('latest', filter)).toMatchObject({ id: ids[1] })
  })

  it('takes the later listed of equal times', () => {
    const time = '2024-01-01T12:00:00Z'
    const same = { time: '2024-01-01T14:00:00+02:00' }
    expect(newest([{ time }, same])).toBe(same)
    expect(newest([])).toBeUndefined()
  })
})

describe('matchesFilter', () => {
  const snapshot = { hostname: 'lab', tags: ['a', 'b'], paths: ['/x', '/y'] }

  it.each([
    [{}, true],
    [{ hosts: ['other', 'lab'] }, true],
    [{ hosts: ['other'] }, false],
    [{ tagLists: [['a']] }, true],
    [{ tagLists: [['a', 'b']] }, true],
    [{ tagLists: [['a', 'c']] }, false],
    [{ tagLists: [['c'], ['b']] }, true],
    [{ tagLists: [[]] }, false],
    [{ tagLists: [['']] }, false],
    [{ paths: ['/y'] }, true],
    [{ paths: ['/y', '/x'] }, true],
    [{ paths: ['/y', '/z'] }, false],
    [{ paths: ['/y/'] }, false],
    [{ hosts: ['lab'], tagLists: [['a']], paths: ['/z'] }, false],
  ])('answers %o', (filter, answer) => {
    expect(matchesFilter(snapshot, filter)).toBe(answer)
  })

  it.each([
    [{ tagLists: [[]] }, true],
    [{ tagLists: [['']] }, true],
    [{ tagLists: [['a']] }, false],
    [{ tagLists: [['a'], []] }, true],
  ])('answers %o for a snapshot without tags', (filter, answer) => {
    expect(matchesFilter({ ...snapshot, tags: [] }, filter)).toBe(answer)
  })

  it('lets through fewer the more is asked', () => {
    const word = fc.constantFrom('a', 'b', 'c')
    const words = fc.array(word, { maxLength: 3 })
    fc.assert(
      fc.property(words, words, words, word, (tags, wanted, paths, more) => {
        const some = { hostname: 'lab', tags, paths }
        const loose = { tagLists: [['x', ...wanted].slice(1)], paths: wanted }
        const tight = { tagLists: [[...wanted, more]], paths: [...wanted, more] }
        const isUntagged = wanted.length === 0
        return !matchesFilter(some, tight) || isUntagged || matchesFilter(some, loose)
      }),
    )
  })
})
