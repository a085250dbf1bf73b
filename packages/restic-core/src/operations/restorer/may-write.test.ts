import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import { fileTarget } from '../../node/file-target.ts'
import { nodeRuntime } from '../../node/runtime.ts'
import { initRepository } from '../../repository/init.ts'
import { countingBackend } from '../../testing/counting-backend.ts'
import { noise } from '../../testing/sample-files.ts'
import { quickCost } from '../../testing/test-repository.ts'
import type { Runtime } from '../../work/runtime.ts'
import { backupStream } from '../archiver/backup-stream.ts'
import { planRestore } from './plan.ts'
import { restore } from './restore.ts'

const content = noise(100_000, 1)
let runtime: Runtime
let folder = ''

beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 2 })
})
afterAll(() => runtime[Symbol.asyncDispose]())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'may-write-'))
  return () => rmSync(folder, { recursive: true })
})

/** A restore that has fetched what it needs. */
async function begun(mayWrite: Promise<void>, signal?: AbortSignal) {
  const backend = countingBackend(memoryBackend())
  const names = { hostname: 'lab', username: 'ada' }
  const repository = await initRepository({
    backend,
    runtime,
    password: 'test',
    cost: quickCost,
    ...names,
  })
  const indexed = await repository.loadIndex()
  const { tree } = await backupStream(indexed, ReadableStream.from([content]), {
    path: '/folder/file',
    snapshot: { paths: ['/folder/file'], uid: 0, gid: 0, programVersion: 'test', ...names },
  })
  const root = join(folder, 'target')
  const target = fileTarget({ root })
  const plan = await planRestore(indexed, tree, target)
  backend.reset()
  const running = restore(indexed, plan, target, { mayWrite, signal })
  running.catch(() => undefined)
  while (backend.bytes('read', 'pack') === 0) await new Promise((go) => setTimeout(go, 1))
  return { running, root }
}

it('fetches before it may write, and writes all of it then', async () => {
  let letWrite: (() => void) | undefined
  const { running, root } = await begun(new Promise<void>((resolve) => (letWrite = resolve)))
  expect(existsSync(root)).toBe(false)
  letWrite?.()
  expect(await running).toMatchObject({ errors: 0 })
  expect(readFileSync(join(root, 'folder/file')).equals(content)).toBe(true)
})

it('leaves the target alone when it turns out that it may not', async () => {
  let refuse: ((reason: Error) => void) | undefined
  const { running, root } = await begun(new Promise<void>((_, reject) => (refuse = reject)))
  const refused = new Error('locked')
  refuse?.(refused)
  await expect(running).rejects.toBe(refused)
  expect(existsSync(root)).toBe(false)
})

it('leaves the target alone when it is cancelled while it waits', async () => {
  const stop = new AbortController()
  const { running, root } = await begun(new Promise<void>(() => undefined), stop.signal)
  stop.abort(new Error('enough'))
  await expect(running).rejects.toBe(stop.signal.reason)
  expect(existsSync(root)).toBe(false)
})
