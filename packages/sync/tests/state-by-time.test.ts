/** States are found by the times that are shown for them. */
import { describe, expect, it } from 'vitest'
import { history, push, restore } from '../src/index.ts'
import { temporaryFolder, writeFiles } from './machine.ts'
import { on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

/** Minutes and seconds as a machine here shows them. */
function localTime(time: string, length: number): string {
  const at = new Date(time)
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, length)
}

describe('a state', { timeout: 60_000 }, () => {
  it('is found by its second, its minute and its day, and by a time with a zone', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, { 'options.txt': 'fov:70' })
    writeFiles(a.folder, { 'options.txt': 'fov:90' })
    await push(on(a))
    const report = await history({ ...on(a), withChanges: false })
    const [newest] = report.outcome === 'history' ? report.items : []
    const { snapshot, time = '' } = newest ?? {}
    const shown = [10, 16, 19].map((length) => localTime(time, length))
    for (const state of [...shown, shown[1]?.replace('T', ' '), time]) {
      const found = await restore({ ...on(a), state: String(state), dryRun: true })
      expect(found, state).toMatchObject({ snapshot })
    }
    const before = localTime(new Date(Date.parse(time) - 86_400_000).toISOString(), 10)
    const tooOld = restore({ ...on(a), state: before, dryRun: true })
    await expect(tooOld).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('is not found in a text that only has a number in it', async () => {
    using temporary = temporaryFolder()
    const { a } = await twoMachines(temporary.path, { 'options.txt': 'fov:70' })
    for (const state of [
      'saves/My World 2199',
      'Nov 27 2199',
      '1',
      '',
      '2199-11',
      '2199-02-29',
      '2199-11-27 18',
    ]) {
      const found = restore({ ...on(a), state, dryRun: true })
      await expect(found, state).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    await expect(restore({ ...on(a), state: '2199' })).rejects.toMatchObject({ code: 'MISSING' })
  })
})
