/** A file that nobody here may read is neither stored as what it was nor replaced. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SourceError } from 'restic-core'
import { nodeFileAccess } from 'restic-core/node'
import { describe, expect, it } from 'vitest'
import { testRuntime } from '../../restic-core/src/testing/test-runtime.ts'
import { pull, push, status } from '../src/index.ts'
import { type Machine, temporaryFolder, writeFiles } from './machine.ts'
import { filesOf, on } from './scene.ts'
import { twoMachines } from './two-machines.ts'

const world = { 'config/a.toml': 'old', 'options.txt': 'fov:70' }

/** As the system answers who is not root; tests may be. */
function denied(machine: Machine, path: string): ReturnType<typeof on> {
  const files = nodeFileAccess()
  const whole = join(machine.folder, path)
  return {
    ...on(machine),
    platform: {
      ...machine.platform(),
      runtime: () =>
        testRuntime({
          files: {
            ...files,
            openForReading(asked) {
              if (asked !== whole) return files.openForReading(asked)
              throw new SourceError(`cannot open ${asked}: permission denied`, asked, 'denied')
            },
          },
        }),
    },
  }
}

/** Longer than the step of a file system's times, so that what is read may be kept. */
const settled = (): Promise<void> => delay(100)

describe('a file that cannot be read', { timeout: 60_000 }, () => {
  it.each(['new', 'a new one, and longer'])(
    'stays unread after a pull of something else: %s',
    async (unread) => {
      using temporary = temporaryFolder()
      const { a, b } = await twoMachines(temporary.path, world)
      await settled()
      await pull(on(b))
      writeFiles(b.folder, { 'config/a.toml': unread })
      writeFiles(a.folder, { 'options.txt': 'fov:90' })
      await settled()
      await push(on(a))
      const given = denied(b, 'config/a.toml')
      expect(await pull(given)).toMatchObject({ outcome: 'changed', counts: { changed: 1 } })
      expect(filesOf(b)).toEqual({ 'config/a.toml': unread, 'options.txt': 'fov:90' })

      expect(await push(given)).toMatchObject({ outcome: 'up-to-date' })
      writeFiles(a.folder, { 'config/a.toml': 'of the other' })
      await push(on(a))
      expect(await pull(given)).toMatchObject({ outcome: 'conflict' })
      const refusal = { code: 'REFUSED', paths: ['config/a.toml'] }
      const taken = { ...given, onConflict: 'keep-there' } as const
      await expect(pull({ ...taken, dryRun: true })).rejects.toMatchObject(refusal)
      await expect(pull(taken)).rejects.toMatchObject(refusal)
      // Once it was read its content is known, and is stored nowhere all the same.
      expect(await status(on(b))).toMatchObject({ verdict: 'conflict', here: { changed: 1 } })
      await expect(pull(taken)).rejects.toMatchObject(refusal)
      expect(filesOf(b)['config/a.toml']).toBe(unread)
      expect(await push(on(b))).toMatchObject({ outcome: 'conflict' })
    },
  )
})
