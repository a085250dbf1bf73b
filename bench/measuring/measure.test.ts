import { describe, expect, it } from 'vitest'
import { nodePrograms } from '../stage/programs.ts'
import { measure } from './measure.ts'

const program = nodePrograms['24']
const node = (code: string) => ({ program, args: ['-e', code], env: {} })
const MiB = 2 ** 20

describe('a measured command', () => {
  it('costs the memory it touches', async () => {
    const plain = await measure(node('0'))
    const large = await measure(node(`Buffer.alloc(${300 * MiB}, 1)`))
    expect(large.peakBytes - plain.peakBytes).toBeGreaterThan(280 * MiB)
    expect(large.peakBytes - plain.peakBytes).toBeLessThan(340 * MiB)
  })

  it('costs the time it computes, and not the time it waits', async () => {
    const busy = await measure(
      node('const end = process.cpuUsage().user + 4e5; while (process.cpuUsage().user < end);'),
    )
    expect(busy.cpuMs).toBeGreaterThan(400)
    const idle = await measure(node('setTimeout(() => {}, 500)'))
    expect(idle.wallMs).toBeGreaterThan(500)
    expect(idle.cpuMs).toBeLessThan(400)
  })

  it('costs what its own children cost', async () => {
    const inner = `Buffer.alloc(${200 * MiB}, 1)`
    const run = await measure(
      node(`child_process.execFileSync(${JSON.stringify(program)}, ['-e', '${inner}'])`),
    )
    expect(run.peakBytes).toBeGreaterThan(200 * MiB)
  })

  it('gives what it prints', async () => {
    expect((await measure(node('console.log("out")'))).stdout).toBe('out\n')
  })

  it('rejects with what it printed when it fails', async () => {
    const failing = measure(node('console.error("no such thing"); process.exit(3)'))
    await expect(failing).rejects.toThrow(/exit code 3[^]*no such thing/)
    await expect(measure(node('process.kill(process.pid)'))).rejects.toThrow(/SIGTERM/)
  })
})
