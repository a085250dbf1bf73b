/** A disk that is full: the program says so, and what was stored before is whole. */
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peers } from '../../../tools/peers.ts'
import { type ResticRun, runRestic } from '../../../tools/servers.ts'
import { type BuiltProgram, builtProgram, succeed } from './programs.ts'

/** A disk of 3 MiB, where the system lets us have one. */
function mountSmallDisk(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', at], { stdio: 'ignore' })
    return at
  } catch {
    rmdirSync(at)
    return undefined
  }
}

const disk = mountSmallDisk()

describe.skipIf(disk === undefined)('a disk that is full', () => {
  const repo = join(disk ?? '', 'repo')
  const folder = mkdtempSync(join(tmpdir(), 'full-disk-'))
  const run: ResticRun = { repo, password: 'p', cwd: folder }
  let ours: BuiltProgram

  beforeAll(async () => {
    ours = await builtProgram()
    writeFileSync(join(folder, 'small'), 'fits')
    await succeed(ours, ['init'], run)
    await succeed(ours, ['backup', 'small'], run)
    writeFileSync(join(folder, 'large'), randomFillSync(Buffer.alloc(8_000_000)))
  })
  afterAll(async () => {
    await ours[Symbol.asyncDispose]()
    execFileSync('umount', [disk ?? ''])
    rmSync(disk ?? '', { recursive: true })
    rmSync(folder, { recursive: true })
  })

  it('under the repository ends a backup and leaves no half of anything', async () => {
    const result = await ours.run(['backup', 'large'], run)
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/^Fatal: .*no space left/i)
    const { restic018 } = await peers()
    const checked = await runRestic(restic018, ['check', '--read-data', '--no-lock'], run)
    expect(checked.code, checked.stdout + checked.stderr).toBe(0)
    const listed = await succeed(ours, ['snapshots', '--json'], run)
    expect(JSON.parse(listed.stdout)).toHaveLength(1)
  })

  it.each([{ args: ['snapshots'] }, { args: ['snapshots', '--json'] }, { args: ['--help'] }])(
    'under the output of $args is no success',
    async ({ args }) => {
      const output = openSync('/dev/full', 'w')
      try {
        const { code, stderr } = await ours.run(args, { ...run, output })
        expect(stderr).toMatch(/cannot print: .*no space left/)
        expect(code).toBe(1)
      } finally {
        closeSync(output)
      }
    },
  )

  it('under the target of a restore names the files that are not there', async () => {
    const elsewhere = { ...run, repo: join(folder, 'roomy') }
    await succeed(ours, ['init'], elsewhere)
    await succeed(ours, ['backup', 'small', 'large'], elsewhere)
    const target = join(disk ?? '', 'target')
    const result = await ours.run(['restore', 'latest', '--target', target], elsewhere)
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/^ignoring error for \/large: .*no space is left/im)
    expect(result.stderr).toMatch(/Fatal: There were \d+ errors\n$/)
  })
})
