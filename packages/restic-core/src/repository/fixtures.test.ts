import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { type FixtureName, fixturePath, readFixture } from '../../../../fixtures/read-manifest.ts'
import { concatBytes, toHex } from '../base/bytes.ts'
import type { BlobId, TreeId } from '../base/id.ts'
import { memoryBackend } from '../backend/memory.ts'
import { formatPolynomial } from '../format/polynomial.ts'
import { nameToBytes } from '../format/name.ts'
import { filesOfFolder } from '../testing/stored-files.ts'
import { testRuntime } from '../testing/test-runtime.ts'
import type { IndexedRepository, StoredSnapshot } from './api.ts'
import { plaintextLength } from './index/blob-index.ts'
import { openRepository } from './open.ts'

const names: readonly FixtureName[] = [
  'v1-restic-0.14.0',
  'v1-restic-0.18.0',
  'v2-restic-0.14.0',
  'v2-restic-0.18.0',
]

async function openFixture(name: FixtureName): Promise<IndexedRepository> {
  const { password } = await readFixture(name)
  const backend = memoryBackend({ files: filesOfFolder(fixturePath(name)) })
  const repository = await openRepository({ backend, runtime: await testRuntime(), password })
  return repository.loadIndex()
}

describe.each(names)('the repository of restic %s', (name) => {
  let repository: IndexedRepository
  beforeAll(async () => {
    repository = await openFixture(name)
  })

  it('opens with what restic says about it', async () => {
    const fixture = await readFixture(name)
    expect(repository.config).toMatchObject({
      version: fixture.repositoryVersion,
      id: fixture.repositoryId,
    })
    expect(formatPolynomial(repository.config.chunkerPolynomial)).toBe(fixture.chunkerPolynomial)
    expect(fixture.keys).toContain(repository.keyId)
  })

  it('lists the snapshots that restic lists', async () => {
    const fixture = await readFixture(name)
    const found: StoredSnapshot[] = []
    for await (const snapshot of repository.snapshots()) found.push(snapshot)
    const expected = fixture.snapshots.map(({ id, tree, parent, time, hostname, tags, paths }) =>
      expect.objectContaining({ id, tree, parent, time, hostname, tags, paths }),
    )
    expect(found).toHaveLength(expected.length)
    expect(found).toEqual(expect.arrayContaining(expected))
  })

  it('reads every entry of every snapshot as restic restores it', async () => {
    const fixture = await readFixture(name)
    for (const snapshot of fixture.snapshots) {
      const walked = await walk(repository, snapshot.tree as TreeId, '')
      const expected = snapshot.entries.map(({ pathHex, type, mode, size, sha256, content }) => ({
        pathHex,
        type,
        mode,
        ...(type === 'file' && { size, sha256, content }),
      }))
      expect(walked).toEqual(expected)
    }
  })

  it('reads every blob of the index', async () => {
    const { index } = repository
    const lengths: number[] = []
    for (let entry = 0; entry < index.count; entry++) {
      const { type, id } = index.blob(entry)
      const blob = await repository.readBlob(type, id)
      lengths.push(blob.length)
    }
    const expected = Array.from({ length: index.count }, (_, entry) =>
      plaintextLength(index.blob(entry)),
    )
    expect(lengths).toEqual(expected)
    expect(lengths.length).toBeGreaterThan(0)
  })
})

interface WalkedEntry {
  readonly pathHex: string
  readonly type: string
  readonly mode: number
  readonly size?: number
  readonly sha256?: string
  readonly content?: readonly BlobId[]
}

async function walk(
  repository: IndexedRepository,
  tree: TreeId,
  parentHex: string,
): Promise<WalkedEntry[]> {
  const entries: WalkedEntry[] = []
  for (const node of await repository.readTree(tree)) {
    const pathHex = parentHex + toHex(nameToBytes(node.name))
    const { type, mode } = node
    if (type !== 'file') entries.push({ pathHex, type, mode })
    else {
      const ids = node.content ?? []
      const blobs = await Promise.all(ids.map((id) => repository.readBlob('data', id)))
      const bytes = concatBytes(blobs)
      const sha256 = toHex(repository.runtime.kernel.sha256(bytes))
      entries.push({ pathHex, type, mode, size: bytes.length, sha256, content: ids })
    }
    if (node.subtree) entries.push(...(await walk(repository, node.subtree, `${pathHex}2f`)))
  }
  return entries
}

describe.each([
  'repo-v1-restic-0.14.0.json',
  'repo-v2-restic-0.19.1.json',
  'repo-v2-odd-but-valid.json',
])('the vector %s', (vector) => {
  interface VectorRepository {
    readonly password: string
    readonly files: Readonly<Record<string, string>>
    readonly blobs: Readonly<Record<string, string | { readonly size: number }>>
  }

  it('opens and gives every blob', async () => {
    const file = new URL(`../../../../fixtures/vectors/${vector}`, import.meta.url)
    const { password, files, blobs } = JSON.parse(readFileSync(file, 'utf8')) as VectorRepository
    const stored = Object.entries(files).map(
      ([path, base64]) => [path, new Uint8Array(Buffer.from(base64, 'base64'))] as const,
    )
    const backend = memoryBackend({ files: new Map(stored) })
    const runtime = await testRuntime()
    const opened = await openRepository({ backend, runtime, password })
    const repository = await opened.loadIndex()
    expect(Object.keys(blobs).length).toBeGreaterThan(0)
    for (const [id, expected] of Object.entries(blobs)) {
      const type = repository.index.has('tree', id as BlobId) ? 'tree' : 'data'
      const blob = await repository.readBlob(type, id as BlobId)
      const content = typeof expected === 'string' ? new TextDecoder().decode(blob) : undefined
      expect(content ?? { size: blob.length }).toEqual(expected)
    }
    for await (const snapshot of repository.snapshots()) {
      expect(await repository.readTree(snapshot.tree)).toBeDefined()
    }
  })
})
