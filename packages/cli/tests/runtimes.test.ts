/** The built program on the oldest and the newest Node: the main work. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeSample } from '../../../fixtures/sample.ts'
import { peers } from '../../../tools/peers.ts'
import { type ResticRun, runRestic, startRestServer } from '../../../tools/servers.ts'
import { folderState } from './folder-state.ts'
import { builtProgram, succeed } from './programs.ts'

const runtimes = join(import.meta.dirname, '../../../tools/runtimes')

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtimes-'))
  await writeSample(join(folder, 'sample'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.for(['node-20', 'node-26'])('on %s', (name) => {
  const node = join(runtimes, name, 'node_modules/.bin/node')

  it(
    'stores, lists, restores and checks, with what restic wrote',
    { timeout: 120_000 },
    async () => {
      await using ours = await builtProgram(node)
      await using server = await startRestServer({ dataDir: join(folder, `served-${name}`) })
      const { restic018 } = await peers()
      const run: ResticRun = { repo: `rest:${server.url}r/`, password: 'p', cwd: folder }
      await succeed(ours, ['init'], run)
      await succeed(ours, ['backup', 'sample'], run)
      const again = await runRestic(restic018, ['backup', '--force', 'sample'], run)
      expect(again.stdout).toContain('Added to the repository: 0 B')
      const target = join(folder, `restored-${name}`)
      const { stderr } = await succeed(ours, ['restore', 'latest', '--target', target], run)
      // Node 26 sets exact times by FFI, of which it would warn.
      expect(stderr).toBe('')
      expect(contents(join(target, 'sample'))).toEqual(contents(join(folder, 'sample')))
      await succeed(ours, ['check', '--read-data'], run)
      expect((await runRestic(restic018, ['check', '--read-data'], run)).code).toBe(0)
    },
  )
})

describe('without WebAssembly', () => {
  it('opens a key of restic’s cost, and stores what restic checks', async () => {
    await using ours = await builtProgram()
    const { restic018 } = await peers()
    const run: ResticRun = { repo: join(folder, 'jitless'), password: 'p', cwd: folder }
    const jitless: ResticRun = { ...run, env: { NODE_OPTIONS: '--jitless' } }
    expect((await runRestic(restic018, ['init'], run)).code).toBe(0)
    await succeed(ours, ['backup', 'sample'], jitless)
    expect((await runRestic(restic018, ['check', '--read-data'], run)).code).toBe(0)
  })
})

/** What every Node can restore: it has no way to make fifos and to set times exactly. */
function contents(path: string) {
  return folderState(path)
    .filter(({ type }) => type !== 'fifo')
    .map(({ path: at, type, mode, content, linkedTo }) => ({ at, type, mode, content, linkedTo }))
}
