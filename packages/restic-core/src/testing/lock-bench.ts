import type { LockId } from '../base/id.ts'
import type { Backend } from '../backend/backend.ts'
import { type MemoryBackend, memoryBackend } from '../backend/memory.ts'
import { type LockFile, formatLockFile, parseLockFile } from '../format/lock-file.ts'
import { formatTime } from '../format/time.ts'
import type { LockEvent, OpenedKey, Repository, RepositoryLock } from '../repository/api.ts'
import { openRepository } from '../repository/open.ts'
import { type FaultPlan, faultyBackend } from './faulty-backend.ts'
import { type ManualTime, manualTime } from './manual-time.ts'
import { testRepository } from './test-repository.ts'
import { testRuntime } from './test-runtime.ts'

export const secondMs = 1_000
export const minuteMs: number = 60 * secondMs

/** An empty repository whose time stands still, with what its sessions need. */
export interface LockBench {
  readonly store: MemoryBackend
  readonly time: ManualTime
  readonly key: OpenedKey
  readonly repository: Repository
}

interface BenchOptions {
  readonly faults?: FaultPlan
  readonly around?: (store: MemoryBackend, time: ManualTime) => Backend
  readonly isProcessAlive?: (pid: number) => boolean
}

export async function lockBench(options: BenchOptions = {}): Promise<LockBench> {
  const { faults = {}, around = (inner) => faultyBackend(inner, faults) } = options
  const store = memoryBackend()
  const time = manualTime()
  const { keyId, masterKey } = await testRepository({ backend: store })
  const key = { keyId, masterKey }
  const { isProcessAlive = () => true } = options
  const runtime = await testRuntime({ clock: time.clock, isProcessAlive, seed: 2 })
  const session = { backend: around(store, time), runtime, password: key, timer: time.timer }
  return { store, time, key, repository: await openRepository(session) }
}

/** Another session on the same repository, for instance through a slower store. */
export async function anotherSession(
  { store, time, key }: LockBench,
  seed: number,
  backend: Backend = store,
): Promise<Repository> {
  const runtime = await testRuntime({ seed, clock: time.clock })
  return openRepository({ backend, runtime, password: key, timer: time.timer })
}

/** A bench with a lock held. */
export async function heldLock(
  options?: BenchOptions,
): Promise<LockBench & { readonly lock: RepositoryLock; readonly events: readonly LockEvent[] }> {
  const bench = await lockBench(options)
  const events: LockEvent[] = []
  const onEvent = (event: LockEvent): void => void events.push(event)
  const lock = await after(bench.time, 200, bench.repository.lock('shared', { onEvent }))
  return { ...bench, events, lock }
}

/** Lets time pass while `promise` is waited for. */
export async function after<T>(time: ManualTime, ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  await time.advance(ms)
  return promise
}

export function locksIn(store: MemoryBackend): string[] {
  return [...store.files().keys()].filter((path) => path.startsWith('locks/'))
}

/** Stores a lock of somebody else. */
export function plantLock(repository: Repository, fields: Partial<LockFile> = {}): Promise<LockId> {
  const { clock } = repository.runtime
  const lock: LockFile = {
    time: formatTime(clock.nowNs(), clock),
    exclusive: false,
    hostname: 'elsewhere',
    username: 'bob',
    pid: 99,
    uid: 5,
    gid: 6,
    ...fields,
  }
  return repository.files.save('lock', formatLockFile(lock))
}

export async function readLock(repository: Repository, id: LockId): Promise<LockFile> {
  return parseLockFile(await repository.loadFile('lock', id), 'lock')
}
