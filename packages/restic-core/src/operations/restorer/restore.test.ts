import { beforeEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../base/bytes.ts'
import type { TreeId } from '../../base/id.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import type { WritableFile } from '../../work/files.ts'
import {
  type EntryLiteral,
  type MemoryTarget,
  memoryTarget,
  noise,
  storeTree,
  testRepository,
  testRuntime,
} from '../../testing/index.ts'
import type { RestoreEvent, RestoreSummary } from './events.ts'
import { type PlanRestoreOptions, planRestore } from './plan.ts'
import { type PlannedItem, plannedItems } from './planned-items.ts'
import { type RestoreOptions, restore } from './restore.ts'

const text = (content: string): Uint8Array => new TextEncoder().encode(content)
const file = (name: string, content: string, fields: Partial<EntryLiteral> = {}): EntryLiteral => ({
  name,
  data: content === '' ? [] : [text(content)],
  ...fields,
})
const dir = (name: string, ...entries: readonly EntryLiteral[]): EntryLiteral => ({ name, entries })
const link = (name: string, linktarget: string): EntryLiteral => ({
  name,
  type: 'symlink',
  linktarget,
})

/** Paths and what is there: text for files, `dir`, `-> target` or the type. */
function contents({ entries }: MemoryTarget): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [path, { type, content, linkTarget }] of entries) {
    if (type === 'file') found[path] = new TextDecoder().decode(content)
    else found[path] = type === 'symlink' ? `-> ${linkTarget}` : type
  }
  return found
}

const wantedOnly = (path: string): boolean | 'inside' => {
  if (path === '/out') return false
  return path.endsWith('wanted') || 'inside'
}

let target: MemoryTarget
let repository: IndexedRepository
beforeEach(async () => {
  target = memoryTarget()
  repository = await repositoryFor(target)
})

async function repositoryFor({ files }: MemoryTarget): Promise<IndexedRepository> {
  const session = await testRepository({ runtime: await testRuntime({ files }) })
  return session.loadIndex()
}

async function restoreTree(
  root: TreeId,
  options: PlanRestoreOptions & RestoreOptions = {},
): Promise<RestoreSummary> {
  const plan = await planRestore(repository, root, target, options)
  return restore(repository, plan, target, options)
}

async function restoreEntries(
  entries: readonly EntryLiteral[],
  options: PlanRestoreOptions & RestoreOptions = {},
): Promise<RestoreSummary> {
  return restoreTree(await storeTree(repository, entries), options)
}

describe('a restore into an empty target', () => {
  it('makes every kind of entry, with its metadata', async () => {
    const summary = await restoreEntries([
      dir('d', file('a', 'one'), dir('empty'), link('l', '../x')),
      file('e', ''),
      { name: 'p', type: 'fifo' },
      { name: 's', type: 'socket' },
      { name: 'z', type: 'chardev', device: 1281n, mtime: '1999-12-31T23:59:59.123456789Z' },
    ])
    expect(contents(target)).toEqual({
      '/d': 'dir',
      '/d/a': 'one',
      '/d/empty': 'dir',
      '/d/l': '-> ../x',
      '/e': '',
      '/p': 'fifo',
      '/z': 'chardev',
    })
    expect(target.entries.get('/z')?.node).toMatchObject({ device: 1281n, type: 'chardev' })
    expect([...target.entries.values()].every(({ node }) => node !== undefined)).toBe(true)
    expect(summary).toMatchObject({
      total: { entries: 7, bytes: 3 },
      restored: { entries: 7, bytes: 3 },
      unchanged: { entries: 0, bytes: 0 },
      errors: 0,
      notKept: {},
    })
  })

  it('writes the blobs of a file in order, also one blob in many places', async () => {
    const [a, b] = [noise(70_000, 1), noise(50_000, 2)]
    await restoreEntries([
      { name: 'x', data: [a, b, a] },
      { name: 'y', data: [b] },
      { name: 'z', data: [b, b] },
    ])
    expect(target.entries.get('/x')?.content).toEqual(concatBytes([a, b, a]))
    expect(target.entries.get('/y')?.content).toEqual(b)
    expect(target.entries.get('/z')?.content).toEqual(concatBytes([b, b]))
  })

  it('finishes files that are open all at once, though only so many may be', async () => {
    const [starts, ends] = [0, 1000].map((seed) =>
      Array.from({ length: 150 }, (_, n) => noise(50, seed + n)),
    ) as [Uint8Array[], Uint8Array[]]
    await restoreEntries([
      // Puts the starts of all before the ends of all in the pack.
      { name: 'first', data: starts },
      ...starts.map((start, n) => ({ name: `x${n}`, data: [start, ends[n] as Uint8Array] })),
    ])
    for (const [n, start] of starts.entries()) {
      const whole = concatBytes([start, ends[n] as Uint8Array])
      expect(target.entries.get(`/x${n}`)?.content).toEqual(whole)
    }
  })

  it('gives a file its second name instead of a second content', async () => {
    const names = { links: 2, inode: 7n, deviceId: 3n }
    const summary = await restoreEntries([
      dir('d', file('first', 'same', names)),
      file('other', 'same', { ...names, deviceId: 4n }),
      file('second', 'same', names),
    ])
    expect(target.entries.get('/second')).toBe(target.entries.get('/d/first'))
    expect(target.entries.get('/other')).not.toBe(target.entries.get('/d/first'))
    expect(summary.total).toEqual({ entries: 4, bytes: 8 })
  })

  it('restores the content of a subfolder', async () => {
    await restoreEntries([dir('a', dir('b', file('c', 'deep'))), file('x', 'no')], {
      subfolder: '/a/b',
    })
    expect(contents(target)).toEqual({ '/c': 'deep' })
  })

  it('names a subfolder that is not there, and one that is a file, without talk of damage', async () => {
    const tree = [file('a', '')]
    await expect(restoreEntries(tree, { subfolder: '/b/c' })).rejects.toMatchObject({
      code: 'MISSING',
      message: 'path /b/c: not found',
    })
    await expect(restoreEntries(tree, { subfolder: 'a' })).rejects.toMatchObject({
      code: 'MISSING',
      message: 'path a: not a directory',
    })
  })

  it('leaves out what is not selected, and directories that nothing selected is in', async () => {
    const tree = [
      dir('in', dir('deep', file('wanted', '1'), file('not', '2')), dir('none', file('not', '3'))),
      dir('out', file('wanted', '4')),
      file('wanted', '5'),
    ]
    const summary = await restoreEntries(tree, { select: wantedOnly })
    expect(contents(target)).toEqual({
      '/in': 'dir',
      '/in/deep': 'dir',
      '/in/deep/wanted': '1',
      '/wanted': '5',
    })
    expect(summary).toMatchObject({ total: { entries: 4, bytes: 2 }, restored: { entries: 4 } })
  })

  it('leaves out zeros of new files when they shall be sparse', async () => {
    const zeros = new Uint8Array(100_000)
    const inner = target.files
    const written: number[] = []
    const counted = (made: WritableFile): WritableFile => ({
      ...made,
      write: (bytes, position) => {
        written.push(bytes.length)
        made.write(bytes, position)
      },
    })
    const files = {
      ...inner,
      create: (path: string) => counted(inner.create(path)),
      openForWriting: (path: string) => counted(inner.openForWriting(path)),
    }
    const session = await testRepository({ runtime: await testRuntime({ files }) })
    repository = await session.loadIndex()
    // Stored before, the zeros are in another pack than the rest, and two jobs write `split`.
    await storeTree(repository, [{ name: 'zeros', data: [zeros] }])
    const other = concatBytes([text('begin'), zeros, text('end')])
    await restoreEntries([{ name: 'split', data: [zeros, other, zeros] }], { sparse: true })
    const expected = concatBytes([zeros, other, zeros])
    expect(target.entries.get('/split')?.content).toEqual(expected)
    expect(written.reduce((sum, length) => sum + length, 0)).toBeLessThan(3 * 4096)
    written.length = 0
    target.remove('/split')
    const alone = [noise(10, 1), zeros]
    await restoreEntries([{ name: 'alone', data: alone }], { sparse: true })
    expect(target.entries.get('/alone')?.content).toEqual(concatBytes(alone))
    expect(written).toEqual([10])
  })

  it('tells what it does, up to the totals', async () => {
    const events: RestoreEvent[] = []
    const onEvent = (event: RestoreEvent): void => void events.push(event)
    await restoreEntries([dir('d', file('a', 'xy')), file('b', '')], { onEvent })
    expect(events[0]).toEqual({ type: 'total', entries: 3, bytes: 2 })
    expect(events).toContainEqual({ type: 'item', action: 'restored', path: '/d/a', size: 2 })
    expect(events).toContainEqual({ type: 'item', action: 'restored', path: '/d', size: 0 })
    expect(events).toContainEqual({ type: 'bytes', restored: 2, unchanged: 0 })
    expect(events.filter(({ type }) => type === 'item')).toHaveLength(3)
  })
})

describe('a restore over what is there', () => {
  const mtime = '2024-01-01T00:00:00Z'
  const old = file('f', 'first', { mtime: '2020-01-01T00:00:00Z' })

  it('changes only the blobs that differ, in the same file', async () => {
    const [a, b, c] = [noise(9000, 1), noise(8000, 2), noise(8000, 3)]
    await restoreEntries([{ name: 'f', data: [a, b, noise(500, 4)] }])
    const before = target.entries.get('/f')
    const summary = await restoreEntries([{ name: 'f', data: [a, c], mtime }])
    expect(target.entries.get('/f')).toBe(before)
    expect(before?.content).toEqual(concatBytes([a, c]))
    expect(before?.node?.mtime).toBe(mtime)
    expect(summary).toMatchObject({ restored: { bytes: 17_000 }, unchanged: { bytes: 0 } })
  })

  it('writes nothing of a file that is right, but its metadata', async () => {
    await restoreEntries([file('f', 'same')])
    const summary = await restoreEntries([file('f', 'same', { mtime })])
    expect(summary).toMatchObject({ restored: { entries: 0 }, unchanged: { entries: 1, bytes: 4 } })
    expect(target.entries.get('/f')?.node?.mtime).toBe(mtime)
  })

  it('trusts size and time when asked to', async () => {
    await restoreEntries([file('f', 'lies', { mtime })])
    const truth = [file('f', 'true', { mtime })]
    await restoreEntries(truth, { overwrite: 'if-changed' })
    expect(contents(target)).toEqual({ '/f': 'lies' })
    await restoreEntries(truth, { overwrite: 'always' })
    expect(contents(target)).toEqual({ '/f': 'true' })
  })

  it('takes the newer one when asked to', async () => {
    await restoreEntries([file('f', 'here', { mtime })])
    expect(await restoreEntries([old], { overwrite: 'if-newer' })).toMatchObject({
      unchanged: { entries: 1 },
    })
    expect(contents(target)).toEqual({ '/f': 'here' })
    await restoreEntries([file('f', 'new', { mtime: '2025-01-01T00:00:00Z' })], {
      overwrite: 'if-newer',
    })
    expect(contents(target)).toEqual({ '/f': 'new' })
  })

  it('leaves everything alone that is there when asked to', async () => {
    await restoreEntries([file('f', 'mine'), link('l', 'mine'), file('d', 'in the way')])
    const errors: string[] = []
    await restoreEntries(
      [file('f', 'theirs'), file('l', 'theirs'), dir('d', file('x', '1')), file('n', 'new')],
      {
        overwrite: 'never',
        onError: (path) => {
          errors.push(path)
          return 'skip'
        },
      },
    )
    expect(contents(target)).toEqual({
      '/f': 'mine',
      '/l': '-> mine',
      '/d': 'in the way',
      '/n': 'new',
    })
    expect(errors).toEqual(['/d'])
  })

  it('replaces a symlink by the directory of that name, and writes nothing through it', async () => {
    await restoreEntries([dir('outside'), link('d', 'outside')])
    await restoreEntries([dir('d', file('x', 'inside'))])
    expect(contents(target)).toEqual({ '/outside': 'dir', '/d': 'dir', '/d/x': 'inside' })
  })

  it('replaces a file with several names, so that the other names keep their content', async () => {
    const names = { links: 2, inode: 7n }
    await restoreEntries([file('a', 'shared', names), file('b', 'shared', names)])
    const told: unknown[] = []
    const onEvent = (event: RestoreEvent): void => {
      if (event.type === 'item') told.push([event.action, event.path])
    }
    const summary = await restoreEntries([file('a', 'own')], { onEvent, verify: true })
    expect(contents(target)).toEqual({ '/a': 'own', '/b': 'shared' })
    expect(told).toEqual([['updated', '/a']])
    expect(summary.verified).toBe(1)
  })

  it('keeps a file with several names that has the content already', async () => {
    const names = { links: 2, inode: 7n }
    await restoreEntries([file('a', 'shared', names), file('b', 'shared', names)])
    const summary = await restoreEntries([file('a', 'shared')])
    expect(summary.unchanged).toEqual({ entries: 1, bytes: 6 })
    expect(target.entries.get('/a')).toBe(target.entries.get('/b'))
  })

  it('refuses to remove a directory with content for a file, unless it deletes anyway', async () => {
    await restoreEntries([dir('x', file('y', 'kept')), dir('z')])
    const failed = restoreEntries([file('x', 'new'), file('z', 'new')])
    await expect(failed).rejects.toMatchObject({ code: 'TARGET', path: '/x' })
    expect(contents(target)['/x/y']).toBe('kept')
    await restoreEntries([file('x', 'new'), file('z', 'new')], { delete: true })
    expect(contents(target)).toEqual({ '/x': 'new', '/z': 'new' })
  })

  it('deletes what the snapshot does not have, where it may', async () => {
    await restoreEntries([dir('d', file('a', '1'), dir('sub', file('b', '2'))), file('c', '3')])
    const onEvent = (event: RestoreEvent): void => {
      if (event.type === 'item' && event.action === 'deleted') deleted.push(event.path)
    }
    const deleted: string[] = []
    const summary = await restoreEntries([dir('d')], {
      delete: (path) => path !== '/c',
      onEvent,
    })
    expect(contents(target)).toEqual({ '/d': 'dir', '/c': '3' })
    expect(deleted).toEqual(['/d/a', '/d/sub/b', '/d/sub'])
    expect(summary.deleted).toBe(3)
  })

  it('deletes nothing in a directory that was not selected', async () => {
    await restoreEntries([dir('d', file('mine', '1'))])
    await restoreEntries([dir('d', file('a', '2')), file('b', '3')], {
      delete: true,
      select: (path) => path === '/b',
    })
    expect(contents(target)).toEqual({ '/d': 'dir', '/d/mine': '1', '/b': '3' })
  })

  it('is only a look until it is applied', async () => {
    await restoreEntries([file('f', 'mine'), dir('extra', file('x', 'x'))])
    const root = await storeTree(repository, [file('f', 'theirs'), dir('new')])
    const plan = await planRestore(repository, root, target, { delete: true })
    expect(contents(target)).toEqual({ '/f': 'mine', '/extra': 'dir', '/extra/x': 'x' })
    expect(plan).toMatchObject({
      total: { entries: 2, bytes: 6 },
      directories: ['/', '/new'],
      files: [{ path: '/f', size: 6, action: 'update' }],
      removals: ['/extra'],
    })
    const items: PlannedItem[] = []
    for await (const item of plannedItems(repository, plan, target)) items.push(item)
    expect(items).toEqual([
      { action: 'updated', path: '/f', size: 6 },
      { action: 'restored', path: '/new', size: 0 },
      { action: 'deleted', path: '/extra/x', size: 0 },
      { action: 'deleted', path: '/extra', size: 0 },
    ])
  })

  it('finds a file whose blobs do not come to its size', async () => {
    const [node] = [file('f', 'mine')]
    const root = await storeTree(repository, [{ ...node, size: 2 }])
    const plan = await planRestore(repository, root, target)
    const problems: string[] = []
    await restore(repository, plan, target, {
      verify: true,
      onError: (path) => {
        problems.push(path)
        return 'skip'
      },
    })
    expect(problems).toEqual(['/f'])
  })
})
