/**
 * What one program wrote, each of the others reads: ours, restic 0.14.0 and restic 0.18.0, both
 * versions of the format, a local folder and a REST server.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSample } from '../../../fixtures/sample.ts'
import { type ResticRun, type RunningServer, startRestServer } from '../../../tools/servers.ts'
import { addCheapKey } from './cheap-key.ts'
import { type EntryState, asNodeRestores, folderState } from './folder-state.ts'
import {
  type ProgramName,
  type Programs,
  allPrograms,
  messages,
  programNames,
  succeed,
} from './programs.ts'

const password = 'matrix of passwords'
let folder = ''
let programs: Programs & AsyncDisposable
let server: RunningServer
let before: readonly EntryState[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matrix-'))
  await writeSample(join(folder, 'sample'))
  before = folderState(join(folder, 'sample'))
  server = await startRestServer({ dataDir: join(folder, 'served') })
  programs = await allPrograms()
})

afterAll(async () => {
  await programs[Symbol.asyncDispose]()
  await server.stop()
  await rm(folder, { recursive: true })
})

const stores = {
  local: (name: string) => join(folder, name),
  'rest-server': (name: string) => `rest:${server.url}${name}/`,
}

interface BackupSummary {
  readonly data_blobs: number
  readonly snapshot_id: string
}

async function backup(
  name: ProgramName,
  run: ResticRun,
  ...args: readonly string[]
): Promise<BackupSummary & { readonly tree: string }> {
  const program = programs[name]
  const result = await succeed(program, ['backup', '--json', ...args], run)
  const [summary] = messages(result, 'summary') as unknown as BackupSummary[]
  expect(summary, result.stdout).toBeDefined()
  const id = summary?.snapshot_id ?? ''
  const listed = await succeed(programs['restic 0.18.0'], ['snapshots', '--json', id], run)
  const [snapshot] = JSON.parse(listed.stdout) as readonly { readonly tree: string }[]
  return { data_blobs: -1, ...summary, snapshot_id: id, tree: snapshot?.tree ?? '' }
}

describe.for(Object.keys(stores) as (keyof typeof stores)[])('over %s', (store) => {
  describe.for(['1', '2'])('version %s', (version) => {
    it.for(programNames)('what %s wrote is read by all', { timeout: 180_000 }, async (writer) => {
      const repo = stores[store](`${store}-${version}-${writer.replaceAll(' ', '-')}`)
      const cacheDir = join(folder, `cache-${store}-${version}-${writer}`)
      const first: ResticRun = { repo, password, cwd: folder, cacheDir }
      await succeed(programs[writer], ['init', '--repository-version', version], first)
      const run: ResticRun = { ...first, env: await addCheapKey(repo, password) }
      const written = await backup(writer, run, 'sample')

      for (const reader of programNames)
        await readAndCompare(writer, reader, run, written.snapshot_id)
      for (const other of programNames) {
        if (other === writer) continue
        const again = await backup(other, run, '--force', 'sample')
        expect(again.data_blobs, `${other} after ${writer} stores no data again`).toBe(0)
        // restic 0.14 writes some names and links in another way (facts of the format).
        if (![writer, other].includes('restic 0.14.0')) expect(again.tree).toBe(written.tree)
      }
      await succeed(programs['restic 0.18.0'], ['check', '--read-data'], run)
      await succeed(programs.ours, ['check', '--read-data'], run)
    })
  })
})

it('the same plain folder has one tree id in all three', { timeout: 120_000 }, async () => {
  const run: ResticRun = {
    repo: stores.local('plain-trees'),
    password,
    cwd: join(folder, 'sample'),
  }
  await succeed(programs['restic 0.14.0'], ['init'], run)
  const targets = ['deep', 'many', 'random.bin', 'empty-dir', 'hard-link-a']
  const trees = new Set<string>()
  for (const name of programNames) trees.add((await backup(name, run, '--force', ...targets)).tree)
  expect(trees.size).toBe(1)
})

async function readAndCompare(
  writer: ProgramName,
  reader: ProgramName,
  run: ResticRun,
  id: string,
): Promise<void> {
  const target = await mkdtemp(join(folder, 'restored-'))
  await succeed(programs[reader], ['restore', id, '--target', target], run)
  const after = folderState(join(target, 'sample'))
  const expected = [writer, reader].includes('restic 0.14.0') ? asOldRestic(before) : before
  if (reader === 'ours') expect(asNodeRestores(after)).toEqual(asNodeRestores(expected))
  else expect(after).toEqual(expected)
  await rm(target, { recursive: true })
}

/** restic 0.14 has U+FFFD for what is not UTF-8 in the target of a link. */
function asOldRestic(entries: readonly EntryState[]): EntryState[] {
  return entries.map((entry) =>
    entry.type === 'symlink' ? { ...entry, content: withReplacements(entry.content ?? '') } : entry,
  )
}

function withReplacements(target: string): string {
  return Buffer.from(Buffer.from(target, 'latin1').toString()).toString('latin1')
}
