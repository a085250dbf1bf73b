/** A password is bytes: whatever source gives restic a password gives us the same one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ResticRun } from '../../../tools/servers.ts'
import { type Programs, allPrograms, succeed } from './programs.ts'

let folder = ''
let programs: Programs & AsyncDisposable
let run: ResticRun

beforeAll(async () => {
  programs = await allPrograms()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odd-passwords-'))
  run = { repo: join(folder, 'repo'), password: '', cwd: folder }
  return () => rm(folder, { recursive: true })
})
afterAll(() => programs[Symbol.asyncDispose]())

const odd: readonly (readonly [string, Uint8Array])[] = [
  ['bytes that are not UTF-8', Buffer.from([0xfe, 0xff, 0x00, 0x80, 0xc3, 0x28, 0x0a])],
  ['no UTF-8 behind a mark', Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0x80, 0x0a])],
  ['a mark at the end', Buffer.from('secret\ufeff\n')],
  ['other blanks', Buffer.from('\u0085\u00a0secret\u3000\u0085\n')],
]

describe.each(odd)('a password with %s', (_, bytes) => {
  it('opens from a file what restic made with that file, and the other way round', async () => {
    const file = join(folder, 'password')
    await writeFile(file, bytes)
    const args = ['--password-file', file]
    const { ours, 'restic 0.18.0': restic } = programs
    await succeed(restic, ['init', ...args], run)
    await succeed(ours, ['snapshots', ...args], run)
    const other = { ...run, repo: join(folder, 'other') }
    await succeed(ours, ['init', ...args], other)
    const { stdout } = await succeed(restic, ['snapshots', '--json', ...args], other)
    expect(stdout).toBe('[]\n')
  })

  it('opens from standard input what restic made with that', async () => {
    const input = { ...run, input: bytes }
    await succeed(programs['restic 0.18.0'], ['init'], input)
    const { stdout } = await succeed(programs.ours, ['snapshots', '--json'], input)
    expect(stdout).toBe('[]\n')
  })
})
