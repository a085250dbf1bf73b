/** Arbitrary folders survive a backup by one program and a restore by the other. */
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResticRun } from '../../../tools/servers.ts'
import { type ArbitraryEntry, arbitraryEntries, writeEntries } from './arbitrary-folder.ts'
import { addCheapKey } from './cheap-key.ts'
import { asNodeRestores, folderState } from './folder-state.ts'
import { type Program, type Programs, allPrograms, messages, succeed } from './programs.ts'

let folder = ''
let programs: Programs & AsyncDisposable
const runs: Record<string, ResticRun> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'round-trip-'))
  programs = await allPrograms()
  for (const version of ['1', '2']) {
    const first: ResticRun = { repo: join(folder, `v${version}`), password: 'p', cwd: folder }
    await succeed(programs.ours, ['init', '--repository-version', version], first)
    const env = await addCheapKey(first.repo, first.password)
    runs[version] = { ...first, env, cacheDir: join(folder, 'cache') }
  }
})
afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

describe.for(['1', '2'])('version %s', (version) => {
  it('keeps any folder, whoever writes and whoever reads', { timeout: 300_000 }, async () => {
    const run = runs[version] ?? { repo: '', password: '' }
    const { ours, 'restic 0.18.0': restic } = programs
    await fc.assert(
      fc.asyncProperty(arbitraryEntries, async (entries) => {
        await using source = await writtenFolder(entries)
        const before = folderState(join(source.path, 'data'))
        const inside = { ...run, cwd: source.path }
        const byUs = await backup(ours, inside)
        const byRestic = await backup(restic, inside)
        expect(byRestic, 'restic adds nothing to what we stored').toMatchObject({
          data_blobs: 0,
          tree_blobs: 0,
        })
        const restored = async (program: Program, id: unknown) => {
          const target = join(source.path, program.name)
          await succeed(program, ['restore', String(id), '--target', target], inside)
          return folderState(join(target, 'data'))
        }
        expect(await restored(restic, byUs['snapshot_id'])).toEqual(before)
        const byNode = await restored(ours, byRestic['snapshot_id'])
        expect(asNodeRestores(byNode)).toEqual(asNodeRestores(before))
      }),
      { numRuns: 15 },
    )
    await succeed(restic, ['check', '--read-data'], run)
  })
})

async function writtenFolder(
  entries: readonly ArbitraryEntry[],
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(folder, 'case-'))
  mkdirSync(join(path, 'data'))
  writeEntries(Buffer.from(join(path, 'data')), entries)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function backup(program: Program, run: ResticRun): Promise<Record<string, unknown>> {
  const result = await succeed(program, ['backup', '--json', '--force', 'data'], run)
  return messages(result, 'summary')[0] ?? {}
}
