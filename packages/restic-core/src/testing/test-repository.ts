import { memoryBackend } from '../backend/memory.ts'
import type { InitOptions, Repository } from '../repository/api.ts'
import { initRepository } from '../repository/init.ts'
import type { Snapshot } from '../format/snapshot.ts'
import type { TreeId } from '../base/id.ts'
import { testRuntime } from './test-runtime.ts'

/** A password check that takes no time; for tests only. */
export const quickCost = { N: 1024, r: 8, p: 1 } as const
export const testPassword = 'geheim'

/** irreducible, of degree 53 */
export const testPolynomial = 0x3da3358b4dc173n

/** A new repository with nothing in it. */
export async function testRepository(options: Partial<InitOptions> = {}): Promise<Repository> {
  return initRepository({
    backend: memoryBackend(),
    runtime: await testRuntime(),
    password: testPassword,
    hostname: 'lab',
    username: 'ada',
    cost: quickCost,
    chunkerPolynomial: testPolynomial,
    ...options,
  })
}

/** A snapshot of a tree that need not exist. */
export function testSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    time: '2024-05-06T07:08:09.123456789Z',
    tree: '7e'.repeat(32) as TreeId,
    paths: ['/home/ada'],
    hostname: 'lab',
    username: 'ada',
    uid: 1000,
    gid: 100,
    excludes: [],
    tags: [],
    programVersion: 'restic-core 0.1.0',
    ...fields,
  }
}
