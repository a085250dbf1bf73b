import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import { MiB } from '../../base/bytes.ts'
import { fileSource, nodeFileAccess } from '../../node/index.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { noise, testRepository, testRuntime } from '../../testing/index.ts'
import { walkTree } from '../shared/tree-walk.ts'
import { backup } from './backup.ts'
import { backupStream } from './backup-stream.ts'
import { layOutTargets } from './targets.ts'

const snapshot = { paths: ['/in'], hostname: '', username: '', uid: 7, gid: 8, programVersion: '' }

async function repository(): Promise<IndexedRepository> {
  const runtime = await testRuntime({ files: nodeFileAccess() })
  return (await testRepository({ backend: memoryBackend(), runtime })).loadIndex()
}

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function contentOf(repo: IndexedRepository, tree: Parameters<typeof walkTree>[1]) {
  const found: Record<string, readonly string[] | null> = {}
  for await (const { path, node } of walkTree(repo, tree)) found[path] = node.content
  return found
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(10)
  throw new Error('the command failed')
}

describe('the backup of a stream', () => {
  it.each([1000, 65_536, 40 * MiB])(
    'has the chunks of a file, from pieces of %d',
    async (length) => {
      const folder = mkdtempSync(join(tmpdir(), 'stream-'))
      const bytes = noise(37 * MiB + 5, 3)
      const path = join(folder, 'in')
      writeFileSync(path, bytes)
      const repo = await repository()
      const source = fileSource()
      const targets = layOutTargets([path], (at) => source.list(at))
      const file = await backup(repo, source, { targets, snapshot })
      const stream = await backupStream(repo, pieces(bytes, length), { path: 'dir/in', snapshot })
      expect((await contentOf(repo, stream.tree))['/dir/in']).toEqual(
        (await contentOf(repo, file.tree))[path],
      )
      expect(stream.summary).toMatchObject({
        dataBlobs: 0,
        filesNew: 1,
        dirsNew: 1,
        totalBytesProcessed: bytes.length,
      })
      rmSync(folder, { recursive: true })
    },
  )

  it('has the time of the snapshot', async () => {
    const repo = await repository()
    const facts = { ...snapshot, timeNs: 1_577_836_800_000_000_000n }
    const run = await backupStream(repo, pieces(new Uint8Array(3), 3), {
      path: 'a/b',
      snapshot: facts,
    })
    for await (const { node } of walkTree(repo, run.tree)) {
      expect([node.mtime, node.atime, node.ctime]).toEqual(
        Array.from({ length: 3 }, () => '2020-01-01T00:00:00Z'),
      )
    }
  })

  it('stores directories alone when nothing comes', async () => {
    const repo = await repository()
    const result = await backupStream(repo, pieces(new Uint8Array(), 1), { path: 'a/b', snapshot })
    expect(await contentOf(repo, result.tree)).toEqual({ '/a': null })
    expect(result).toMatchObject({ skipped: 1, summary: { filesNew: 0 } })
    expect(result.snapshotId).toBeDefined()
  })

  it('leaves no snapshot when the input fails', async () => {
    const repo = await repository()
    const run = backupStream(repo, failing(), { path: 'x', snapshot })
    await expect(run).rejects.toThrow('the command failed')
    const snapshots = []
    for await (const one of repo.snapshots()) snapshots.push(one)
    expect(snapshots).toEqual([])
  })
})
