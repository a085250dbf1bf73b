import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MiB } from '../src/base/bytes.ts'
import { nodeFileAccess } from '../src/node/file-access.ts'
import { fileTarget } from '../src/node/file-target.ts'
import { planRestore } from '../src/operations/restorer/plan.ts'
import { restore } from '../src/operations/restorer/restore.ts'
import { noise, storeTree, testRepository, testRuntime } from '../src/testing/index.ts'

/** A disk of 2 MiB, where the system lets us have one. */
function mountSmallDisk(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', at], { stdio: 'ignore' })
    return at
  } catch {
    rmdirSync(at)
    return undefined
  }
}

function unmount(at: string): void {
  execFileSync('umount', [at])
  rmSync(at, { recursive: true })
}

const probe = mountSmallDisk()
if (probe !== undefined) unmount(probe)

describe.skipIf(probe === undefined)('a restore to a disk that is too small', () => {
  let disk: string
  beforeEach(() => {
    disk = mountSmallDisk() as string
  })
  afterEach(() => unmount(disk))

  const entries = Array.from({ length: 8 }, (_, seed) => ({
    name: `file-${seed}`,
    data: [noise(MiB / 2, seed)],
  }))

  it('rejects with the path that no longer fits', async () => {
    const runtime = await testRuntime({ files: nodeFileAccess() })
    const repository = await (await testRepository({ runtime })).loadIndex()
    const target = fileTarget({ root: disk })
    const plan = await planRestore(repository, await storeTree(repository, entries), target)
    await expect(restore(repository, plan, target)).rejects.toMatchObject({
      code: 'TARGET',
      reason: 'full',
      path: expect.stringContaining(`${disk}/file-`),
      hint: 'Free space on the disk of the target, or choose another one.',
    })
  })

  it('keeps what fits, and gives no time to what does not', async () => {
    const runtime = await testRuntime({ files: nodeFileAccess() })
    const repository = await (await testRepository({ runtime })).loadIndex()
    const target = fileTarget({ root: disk })
    const plan = await planRestore(repository, await storeTree(repository, entries), target)
    const failed = new Set<string>()
    const onError = (path: string): 'skip' => {
      failed.add(path)
      return 'skip'
    }
    const summary = await restore(repository, plan, target, { onError })
    expect(summary.errors).toBe(failed.size)
    expect(failed.size).toBeGreaterThan(3)
    expect(summary.restored.entries).toBe(entries.length - failed.size)
    for (const [seed, { name }] of entries.entries()) {
      const { mtime } = statSync(join(disk, name))
      const isRestored = mtime.toISOString() === '2023-05-06T07:08:09.000Z'
      expect(isRestored).toBe(!failed.has(`/${name}`))
      if (!isRestored) continue
      expect(Buffer.compare(readFileSync(join(disk, name)), noise(MiB / 2, seed))).toBe(0)
    }
  })
})
