import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { memoryBackend } from '../../backend/memory.ts'
import type { TreeId } from '../../base/id.ts'
import { formatNode } from '../../format/node.ts'
import { fileSource } from '../../node/file-source.ts'
import { nodeRuntime } from '../../node/runtime.ts'
import type { IndexedRepository, StoredSnapshot } from '../../repository/api.ts'
import { initRepository } from '../../repository/init.ts'
import { quickCost } from '../../testing/test-repository.ts'
import type { Runtime } from '../../work/runtime.ts'
import { walkTrees } from '../shared/tree-walk.ts'
import { backup } from './backup.ts'

const names = { hostname: 'lab', username: 'ada' }
let runtime: Runtime
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 })
})
afterAll(() => runtime[Symbol.asyncDispose]())

const name = fc.constantFrom('a', 'b', 'c', 'é')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const change = fc.record({
  kind: fc.constantFrom('write', 'touch', 'remove', 'move', 'link', 'folder', 'mode'),
  path,
  to: path,
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

/** What cannot be done to this folder is left out. */
function apply(folder: string, { kind, path: at, to }: Change): void {
  const place = join(folder, at)
  try {
    if (kind === 'remove') rmSync(place, { recursive: true })
    else if (kind === 'touch') utimesSync(place, 1, 2)
    else if (kind === 'mode') chmodSync(place, 0o711)
    else if (kind === 'move') renameSync(place, join(folder, to))
    else {
      mkdirSync(dirname(place), { recursive: true })
      if (kind === 'folder') mkdirSync(place)
      if (kind === 'link') symlinkSync(to, place)
      if (kind === 'write') writeFileSync(place, `in ${to}`)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** How each entry is written, by its path. */
async function written(repository: IndexedRepository, tree: TreeId): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  for await (const { type, tree: directory } of walkTrees(repository, tree)) {
    if (type !== 'enter') continue
    for (const node of directory.nodes) {
      entries.set(`${directory.path}/${node.name}`, formatNode(node))
    }
  }
  return entries
}

function countsOf(before: Map<string, string>, after: Map<string, string>) {
  const counts = {
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 0,
    dirsNew: 0,
    dirsChanged: 0,
    dirsUnmodified: 0,
  }
  for (const [at, json] of after) {
    const kind = /"type":"(file|dir)"/.exec(json)?.[1]
    if (kind === undefined) continue
    const was = before.get(at)
    const what = was === undefined ? 'New' : was === json ? 'Unmodified' : 'Changed'
    counts[`${kind as 'file' | 'dir'}s${what}`]++
  }
  return counts
}

it('a backup with a parent gives the tree that one without gives, and counts what differs', async () => {
  const steps = fc.tuple(fc.array(change, { maxLength: 12 }), fc.array(change, { maxLength: 4 }))
  await fc.assert(
    fc.asyncProperty(steps, async ([first, second]) => {
      const folder = mkdtempSync(join(tmpdir(), 'parent-'))
      try {
        const backend = memoryBackend()
        const settings = { backend, runtime, password: 'test', cost: quickCost, ...names }
        const repository = await (await initRepository(settings)).loadIndex()
        const store = (parent?: StoredSnapshot) =>
          backup(repository, fileSource(), {
            // Without the folders above it, in which others work.
            targets: [{ name: 'data', source: folder }],
            snapshot: { paths: [folder], uid: 0, gid: 0, programVersion: 'test', ...names },
            parent,
          })
        for (const step of first) apply(folder, step)
        const before = await store()
        for (const step of second) apply(folder, step)
        const parent = await repository.findSnapshot('latest')
        const after = await store(parent)
        expect((await store()).tree).toBe(after.tree)
        const counts = countsOf(
          await written(repository, before.tree),
          await written(repository, after.tree),
        )
        expect(after.summary).toMatchObject(counts)
      } finally {
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})
