/**
 * Every byte of every file of a small repository is changed, one at a time. Each change is either
 * told, with the name of the file, or does no harm; never does a restore give other data.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Repository,
  backup,
  check,
  isResticError,
  layOutTargets,
  openRepository,
  planRestore,
  restore,
} from 'restic-core'
import { memoryBackend } from 'restic-core/backend'
import { fileSource, nodeFileAccess, nodeKernel } from 'restic-core/node'
import { memoryTarget, testPassword, testRepository, testRuntime } from 'restic-core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let folder = ''
/** The same for all of the thousands of repositories that are opened. */
const kernel = await nodeKernel()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flipped-'))
  await mkdir(join(folder, 'data/inner'), { recursive: true })
  await writeFile(join(folder, 'data/a.txt'), 'some text that compresses, text, text, text\n')
  await writeFile(join(folder, 'data/inner/b'), Buffer.from([1, 2, 3]))
})
afterAll(() => rm(folder, { recursive: true }))

type Files = ReadonlyMap<string, Uint8Array>

async function smallRepository(version: 1 | 2): Promise<Files> {
  const backend = memoryBackend()
  const runtime = await testRuntime({ files: nodeFileAccess() })
  await using repository = await testRepository({
    backend,
    runtime,
    version,
    cost: { N: 16, r: 1, p: 1 },
  })
  const indexed = await repository.loadIndex()
  const source = fileSource()
  const paths = [join(folder, 'data')]
  await backup(indexed, source, {
    targets: layOutTargets(paths, (path) => source.list(path)),
    snapshot: { paths, hostname: 'lab', username: '', uid: 0, gid: 0, programVersion: 'test' },
  })
  return backend.files()
}

async function opened(files: Files, target = memoryTarget()): Promise<Repository> {
  const runtime = await testRuntime({ files: target.files, kernel })
  return openRepository({
    backend: memoryBackend({ files }),
    runtime,
    password: testPassword,
    retry: false,
  })
}

/** All that a restore of the latest snapshot brings back. */
async function restored(files: Files): Promise<ReadonlyMap<string, string>> {
  const target = memoryTarget()
  await using repository = await opened(files, target)
  const snapshot = await repository.findSnapshot('latest')
  const indexed = await repository.loadIndex()
  const plan = await planRestore(indexed, snapshot.tree, target)
  await restore(indexed, plan, target)
  return new Map(
    [...target.entries].map(([path, { type, content, node }]) => [
      path,
      JSON.stringify([type, Buffer.from(content).toString('hex'), node?.mtime, node?.mode]),
    ]),
  )
}

type Answer = { readonly is: 'same' } | { readonly is: 'told'; readonly text: string }

async function answerOf(work: () => Promise<void>): Promise<Answer> {
  try {
    await work()
    return { is: 'same' }
  } catch (error) {
    if (!isResticError(error)) throw error
    return { is: 'told', text: messagesOf(error).join(' | ') }
  }
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [error.message, ...messagesOf(error.cause)]
}

async function checked(files: Files): Promise<void> {
  await using repository = await opened(files)
  for await (const { severity, what, text } of check(repository, { readData: true })) {
    if (severity === 'error') throw new FoundDamage(`${what}: ${text}`)
  }
}

/** What `check` found, in a form that `answerOf` takes. */
class FoundDamage extends Error {
  readonly isResticError = true
  readonly code = 'CORRUPT'
}

/** Where the list of blobs begins at the end of a pack. A restore has no use for it; check reads it. */
function headerStart(path: string, bytes: Uint8Array): number {
  if (!path.startsWith('data/')) return bytes.length
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true)
  return bytes.length - 4 - length
}

/** How messages name a file: its type and the beginning of its name, or a blob that is in it. */
function namedAs(path: string): RegExp {
  const [type = '', ...rest] = path.split('/')
  const name = rest.at(-1) ?? ''
  const short = name.slice(0, 8)
  return type === 'config' ? /config/ : type === 'data' ? /pack|blob|tree/ : new RegExp(short)
}

describe.for([1, 2] as const)('version %d', (version) => {
  it('tells of every changed byte or is not harmed by it', { timeout: 600_000 }, async () => {
    const files = await smallRepository(version)
    const before = await restored(files)
    let flips = 0
    for (const [path, bytes] of files) {
      for (const [at, byte] of bytes.entries()) {
        const damaged = bytes.slice()
        damaged[at] = byte ^ (1 << (at % 8))
        const changed = new Map(files).set(path, damaged)
        const place = `byte ${at} of ${path}`
        const answer = await answerOf(async () => {
          expect(await restored(changed), place).toEqual(before)
        })
        if (answer.is === 'told') expect(answer.text, place).toMatch(namedAs(path))
        else expect(at, `${place} was read`).toBeGreaterThanOrEqual(headerStart(path, bytes))
        const verdict = await answerOf(() => checked(changed))
        expect(verdict, `check finds ${place}`).toMatchObject({ is: 'told' })
        flips++
      }
    }
    expect(flips).toBeGreaterThan(1500)
  })
})
