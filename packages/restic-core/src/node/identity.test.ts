import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import { isProcessAlive, processIdentity } from './identity.ts'

describe('processIdentity', () => {
  it('names this process as lock files do', () => {
    expect(processIdentity()).toEqual({
      hostname: hostname(),
      username: expect.any(String) as unknown,
      pid: process.pid,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    })
  })
})

describe('isProcessAlive', () => {
  it('tells a process that runs from one that has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
    const pid = child.pid ?? 0
    expect(isProcessAlive(pid)).toBe(true)
    child.kill()
    await once(child, 'exit')
    expect(isProcessAlive(pid)).toBe(false)
  })

  it('leaves the process alone', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' })
    for (let n = 0; n < 5; n++) isProcessAlive(child.pid ?? 0)
    child.stdin.end()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it.each([0, -1, -process.pid, 1.5, Number.NaN])('takes %s for no process', (pid) => {
    expect(isProcessAlive(pid)).toBe(false)
  })
})
