/** A pack folder on a disk that has no room left. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pull, push } from '../src/index.ts'
import { nodeFiles } from '../src/node/node-files.ts'
import { temporaryFolder, writeFiles } from './machine.ts'
import { Scene, filesOf, on, withFiles } from './scene.ts'

const world = { 'saves/World/level.dat': 'level', 'options.txt': 'fov:70' }

/** A disk of its own, where the system lets us have one. */
function mountDisk(at: string, size: string): boolean {
  mkdirSync(at, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', at], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function canMount(): boolean {
  using folder = temporaryFolder()
  if (!mountDisk(folder.path, '1m')) return false
  execFileSync('umount', [folder.path])
  return true
}

describe.skipIf(!canMount())('a disk that is full', { timeout: 60_000 }, () => {
  it('is noticed before a pull begins, and in the middle of one', async () => {
    await using scene = await Scene.create()
    const first = await scene.machine(world)
    await push(on(first))
    const disk = join(scene.root, 'machine-2')
    mountDisk(disk, '40m')
    try {
      const second = await scene.machine()
      writeFiles(first.folder, {
        'saves/World/region/a.mca': 'a'.repeat(15_000_000),
        'saves/World/region/b.mca': 'b'.repeat(15_000_000),
      })
      await push(on(first))
      await expect(pull(on(second))).rejects.toMatchObject({ code: 'NO_SPACE' })
      expect(filesOf(second)).toEqual(world)

      // The disk says there is room, and somebody else takes it meanwhile.
      const filler = join(second.folder, 'mods/filler.jar')
      const hopeful = withFiles(second, () => ({
        freeBytes() {
          writeFiles(second.folder, { 'mods/filler.jar': 'f'.repeat(20_000_000) })
          return Promise.resolve(1n << 40n)
        },
      }))
      await expect(pull(hopeful)).rejects.toMatchObject({ code: 'TARGET', reason: 'full' })
      expect(filesOf(second)).toEqual({ ...world, 'mods/filler.jar': expect.any(String) })
      rmSync(filler)
      const roomy = withFiles(second, () => ({ freeBytes: () => Promise.resolve(1n << 40n) }))
      expect(await pull(roomy)).toMatchObject({ outcome: 'changed' })
      expect(filesOf(second)).toEqual(filesOf(first))
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe.skipIf(!canMount())('a disk that has no room for a file', { timeout: 60_000 }, () => {
  it('is left without half of it, and without half a claim', async () => {
    using disk = temporaryFolder()
    mountDisk(disk.path, '64k')
    try {
      const files = nodeFiles(disk.path)
      const content = new Uint8Array(100_000)
      const isFull = { code: 'TARGET', reason: 'full' }
      await expect(files.create('settings', content, 0o644)).rejects.toMatchObject(isFull)
      await expect(files.claim('lock', content)).rejects.toMatchObject(isFull)
      expect(readdirSync(disk.path)).toEqual([])
    } finally {
      execFileSync('umount', [disk.path])
    }
  })
})

describe.skipIf(!canMount())('a disk that has no room for a lock', { timeout: 60_000 }, () => {
  it('holds nobody up once it has', async () => {
    await using scene = await Scene.create()
    const disk = join(scene.root, 'machine-1')
    mountDisk(disk, '256k')
    try {
      const machine = await scene.machine(world)
      await push(on(machine))
      for (let number = 0; ; number++) {
        try {
          writeFileSync(join(disk, `filler-${number}`), 'f'.repeat(4096))
        } catch {
          break
        }
      }
      await expect(push(on(machine))).rejects.toMatchObject({ code: 'TARGET', reason: 'full' })
      for (const name of readdirSync(disk)) if (name.startsWith('filler')) rmSync(join(disk, name))
      expect(await push(on(machine))).toMatchObject({ outcome: 'up-to-date' })
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
