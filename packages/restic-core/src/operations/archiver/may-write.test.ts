import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import { MiB } from '../../base/bytes.ts'
import { fileSource } from '../../node/file-source.ts'
import { nodeRuntime } from '../../node/runtime.ts'
import { noise } from '../../testing/sample-files.ts'
import { quickCost } from '../../testing/test-repository.ts'
import { initRepository } from '../../repository/init.ts'
import type { Runtime } from '../../work/runtime.ts'
import { backup } from './backup.ts'
import type { BackupEvent, BackupResult } from './events.ts'
import { layOutTargets } from './targets.ts'

let runtime: Runtime
let folder: string

beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 2 })
  folder = mkdtempSync(join(tmpdir(), 'may-write-'))
  writeFileSync(join(folder, 'large'), noise(3 * MiB, 1))
  writeFileSync(join(folder, 'small'), 'a few words')
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await runtime[Symbol.asyncDispose]()
})

/** A backup that goes as far as it can, in packs so small that several wait to be stored. */
async function begun(signal?: AbortSignal) {
  const backend = memoryBackend()
  const repository = await initRepository({
    backend,
    runtime,
    password: 'test',
    hostname: 'lab',
    username: 'ada',
    cost: quickCost,
  })
  const indexed = await repository.loadIndex()
  const before = new Set(backend.files().keys())
  const source = fileSource()
  let letWrite: (() => void) | undefined
  let refuse: ((reason: Error) => void) | undefined
  const mayWrite = new Promise<void>((resolve, reject) => {
    letWrite = resolve
    refuse = reject
  })
  const items: string[] = []
  const onEvent = (event: BackupEvent): void => {
    if (event.type === 'item') items.push(event.path)
  }
  const running = backup(indexed, source, {
    targets: layOutTargets([folder], (path) => source.list(path)),
    snapshot: {
      paths: [folder],
      hostname: 'lab',
      username: 'ada',
      uid: 0,
      gid: 0,
      programVersion: 'test',
    },
    packSize: MiB / 2,
    mayWrite,
    signal,
    onEvent,
  })
  running.catch(() => undefined)
  while (!items.includes(`${folder}/large`)) await new Promise((go) => setTimeout(go, 2))
  const written = (): string[] => [...backend.files().keys()].filter((path) => !before.has(path))
  return { running, written, letWrite, refuse }
}

const kinds = (paths: readonly string[]): Set<string> =>
  new Set(paths.map((path) => path.split('/')[0] ?? ''))

it('reads and seals before it may write, and stores all of it then', async () => {
  const { running, written, letWrite } = await begun()
  expect(written()).toEqual([])
  letWrite?.()
  const result: BackupResult = await running
  expect(result.snapshotId).toBeDefined()
  expect(result.summary.filesNew).toBe(2)
  expect(kinds(written())).toEqual(new Set(['data', 'index', 'snapshots']))
})

it('stores nothing and fails when it turns out that it may not', async () => {
  const { running, written, refuse } = await begun()
  const refused = new Error('locked')
  refuse?.(refused)
  await expect(running).rejects.toBe(refused)
  expect(written()).toEqual([])
})

it('stores nothing when it is cancelled while it waits', async () => {
  const stop = new AbortController()
  const { running, written } = await begun(stop.signal)
  stop.abort(new Error('enough'))
  await expect(running).rejects.toBe(stop.signal.reason)
  expect(written()).toEqual([])
})
