/** What status and history count: what a pull brings, and nothing beyond. */
import { describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { runRestic } from '../../../tools/servers.ts'
import { history, pull, push, status } from '../src/index.ts'
import { token, writeFiles } from './machine.ts'
import { Scene, on } from './scene.ts'

describe('a state that restic stored with all that was in the folder', { timeout: 60_000 }, () => {
  it('is told by status and history as a pull brings it', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine({ 'options.txt': 'fov:70', 'config/a.toml': 'a = 1' })
    await push(on(first))
    const second = await scene.machine()
    writeFiles(first.folder, {
      'options.txt': 'fov:90',
      'logs/latest.log': 'log',
      'crash-reports/one.txt': 'crash',
    })
    const { restic018 } = await peers()
    const base = await status(on(first))
    const parent = (base.outcome === 'status' && base.base) || ''
    const run = { repo: scene.repository, password: token.password, cwd: first.folder }
    const { code, stderr } = await runRestic(
      restic018,
      ['backup', '.', '--quiet', '--parent', parent],
      run,
    )
    expect(code, stderr).toBe(0)

    const told = await history(on(second))
    expect(told).toMatchObject({ items: [{ changes: { added: 0, changed: 1 } }, {}] })
    const seen = await status(on(second))
    expect(seen).toMatchObject({ there: { added: 0, changed: 1, removed: 0 }, verdict: 'pull' })
    const counts = seen.outcome === 'status' ? seen.there : undefined
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed', counts })
  })
})

describe('a folder whose base was forgotten', { timeout: 60_000 }, () => {
  it('is told by status what a pull brings', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine({ 'options.txt': 'fov:70', 'config/a.toml': 'a = 1' })
    await push(on(first))
    const second = await scene.machine()
    writeFiles(first.folder, { 'options.txt': 'fov:90' })
    await push(on(first))
    const { code, stderr } = await scene.restic(['forget', '--keep-last=1', '--prune'])
    expect(code, stderr).toBe(0)
    const seen = await status(on(second))
    const counts = { added: 0, changed: 1, removed: 0, bytes: 6 }
    const none = { added: 0, changed: 0, removed: 0, bytes: 0 }
    expect(seen).toMatchObject({ verdict: 'pull', here: none, there: counts, refusal: undefined })
    expect(await pull(on(second))).toMatchObject({ outcome: 'changed', counts })
  })
})
