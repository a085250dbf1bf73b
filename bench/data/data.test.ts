import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers } from '../../tools/peers.ts'
import { gameInstance } from './game-instance.ts'
import { addIndexedBlobs } from './indexed-blobs.ts'
import type { DataSet } from './data-set.ts'
import { largeFile, smallFiles, tinyFiles } from './plain-files.ts'
import { Random } from './random.ts'
import { text } from './text.ts'

const run = promisify(execFile)
const MiB = 2 ** 20
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-data-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function written(set: DataSet) {
  const target = join(folder, set.name)
  await mkdir(target)
  set.write(target)
  const hash = createHash('sha256')
  let size = 0
  let files = 0
  const entries = await readdir(target, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
  for (const path of paths.toSorted()) {
    const content = await readFile(path)
    hash.update(`${relative(target, path)}\0`).update(content)
    size += content.length
    files++
  }
  return { digest: hash.digest('hex').slice(0, 16), size, files }
}

describe('a data set', () => {
  it.each([
    [gameInstance({ bytes: 20 * MiB, files: 300 }), 300, 20 * MiB, 'a3af551a741337b0'],
    [smallFiles({ bytes: 2 * MiB, files: 200 }), 200, 2 * MiB, '338ba39ea4db2e86'],
    [largeFile({ bytes: 3 * MiB + 5 }), 1, 3 * MiB + 5, '1dde2e459d74984a'],
    [tinyFiles({ files: 1000 }), 1000, 205_000, '7dc2916bbec5d697'],
  ])('%o has its size, and the same bytes on every machine', async (set, files, bytes, digest) => {
    const found = await written(set)
    expect(found.files).toBe(files)
    expect(Math.abs(found.size / bytes - 1)).toBeLessThan(0.02)
    expect(found.digest).toBe(digest)
  })
})

it.each(['log', 'config'] as const)('text of a %s packs to about a third', (style) => {
  const content = text(new Random('seed'), 4 * MiB, style)
  const packed = zstdCompressSync(content).length / content.length
  expect(packed).toBeGreaterThan(0.2)
  expect(packed).toBeLessThan(0.4)
})

it('restic lists the blobs that were added to an index', async () => {
  const repository = { folder: join(folder, 'repository'), password: 'bench' }
  const { restic018 } = await peers()
  const env = { RESTIC_REPOSITORY: repository.folder, RESTIC_PASSWORD: repository.password }
  const restic = (...args: readonly string[]) =>
    run(restic018, [...args, '--no-cache'], { env, maxBuffer: 2 ** 24 })
  await restic('init')
  await addIndexedBlobs(repository, 50_001)
  expect(await readdir(join(repository.folder, 'index'))).toHaveLength(2)
  const { stdout } = await restic('list', 'blobs')
  expect(new Set(stdout.trim().split('\n')).size).toBe(50_001)
})
