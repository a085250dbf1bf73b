/** The built program on the oldest and the newest Node: the demo. */
import { execFile } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { World } from './instance-sync-machine.ts'

const execute = promisify(execFile)
const runtimes = join(import.meta.dirname, '../../../tools/runtimes')

let world: World
beforeAll(async () => {
  world = await World.create()
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

describe.for(['node-20', 'node-26'])('instance-sync on %s', (name) => {
  const node = join(runtimes, name, 'node_modules/.bin/node')

  it('plays the demo, says nothing else, and leaves nothing', { timeout: 120_000 }, async () => {
    const temporary = join(world.root, `temporary of ${name}`)
    await mkdir(temporary)
    const { stdout, stderr } = await execute(node, [world.program, 'demo'], {
      env: { PATH: process.env['PATH'], HOME: temporary, TMPDIR: temporary },
    })
    expect(stderr).toBe('')
    expect(stdout.match(/^ {3}Verified: \d+ files, equal byte for byte/gm)).toHaveLength(3)
    expect(stdout).toContain('every check passed')
    expect(await readdir(temporary)).toEqual([])
  })
})
