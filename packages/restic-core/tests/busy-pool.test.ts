import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('a pool that is disposed in the middle of its jobs lets the program go on', async () => {
  const program = join(import.meta.dirname, 'programs/busy-pool.ts')
  // Rejects when the program ends without having got to its end.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program])
  expect({ stdout, stderr }).toEqual({ stdout: 'ended\n', stderr: '' })
})
