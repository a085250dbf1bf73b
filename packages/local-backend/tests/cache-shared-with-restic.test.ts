import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryCache, type Backend } from 'restic-core/backend'
import { countingBackend, listed } from 'restic-core/testing'
import { expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { runRestic, type ResticRun } from '../../../tools/servers.ts'
import { asId } from '../../restic-core/src/base/id.ts'
import { openDiskCache } from '../../restic-core/src/node/disk-cache.ts'
import { localBackend } from '../src/index.ts'

const hash = {
  sha256: (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest()),
}

async function withRepository(
  test: (backend: Backend, run: ResticRun & { readonly cacheDir: string }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'shared-cache-'))
  const run = {
    repo: join(folder, 'repository'),
    password: 'x',
    cwd: folder,
    cacheDir: join(folder, 'cache'),
  }
  const { restic018 } = await peers()
  await writeFile(join(folder, 'file'), 'content')
  expect(await runRestic(restic018, ['init'], run)).toMatchObject({ code: 0 })
  expect(await runRestic(restic018, ['backup', 'file'], run)).toMatchObject({ code: 0 })
  await test(localBackend({ path: run.repo }), run)
  await rm(folder, { recursive: true })
}

async function repositoryIn(cacheDir: string) {
  const [name = ''] = (await readdir(cacheDir)).filter((entry) => entry !== 'CACHEDIR.TAG')
  return asId<'repository'>(name)
}

it('finds in the cache what restic put there', async () => {
  await withRepository(async (store, run) => {
    const repository = await repositoryIn(run.cacheDir)
    const disk = await openDiskCache({ folder: run.cacheDir, repository })
    const treePacks = await disk.list('pack')
    expect(treePacks).toHaveLength(1)
    const cache = repositoryCache(disk, hash)
    cache.addTreePacks(treePacks)
    const counting = countingBackend(store)
    const backend = cache.layer(counting)
    for (const type of ['index', 'snapshot', 'pack'] as const) {
      for (const { name, size } of await listed(backend, type)) {
        if (type === 'pack' && !treePacks.includes(name)) continue
        expect((await backend.read({ type, name })).length).toBe(size)
      }
    }
    expect(counting.requests('read')).toBe(0)
  })
})

it('leaves in the cache what restic finds there', async () => {
  await withRepository(async (store, run) => {
    const repository = await repositoryIn(run.cacheDir)
    await rm(run.cacheDir, { recursive: true })
    const disk = await openDiskCache({ folder: run.cacheDir, repository })
    const backend = repositoryCache(disk, hash).layer(store)
    const [snapshot] = await listed(backend, 'snapshot')
    const name = snapshot?.name ?? ''
    await backend.read({ type: 'snapshot', name })
    // restic can only show the snapshot now when it takes our copy.
    const original = join(run.repo, 'snapshots', name)
    await chmod(original, 0o600)
    await writeFile(original, 'garbage')
    const { restic018 } = await peers()
    const shown = await runRestic(restic018, ['snapshots', '--no-lock'], run)
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(name.slice(0, 8)) })
    await rm(run.cacheDir, { recursive: true })
    const without = await runRestic(restic018, ['snapshots', '--no-lock'], run)
    expect(without.stdout).not.toContain(name.slice(0, 8))
  })
})
