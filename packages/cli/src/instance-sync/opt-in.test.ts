import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isQuietNoOp } from './opt-in.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'opt-in-'))
  await mkdir(join(root, 'plain'))
  await mkdir(join(root, 'synced/.cloud-sync'), { recursive: true })
  await writeFile(join(root, 'synced/.cloud-sync/sync.json'), '{}')
  await mkdir(join(root, 'token only/.cloud-sync'), { recursive: true })
  await mkdir(join(root, 'loop/.cloud-sync'), { recursive: true })
  await symlink('sync.json', join(root, 'loop/.cloud-sync/sync.json'))
})
afterAll(() => rm(root, { recursive: true }))

const decide = (words: readonly string[], environment: Record<string, string> = {}): boolean =>
  isQuietNoOp(words, environment, root)

describe('the quick answer for folders that are not opted in', () => {
  it('is given for a pull or a push with known flags', () => {
    expect(decide(['pull'])).toBe(true)
    expect(decide(['push', '--pack-folder=plain'])).toBe(true)
    expect(decide(['push', '--pack-folder', 'token only', '--json', '-g'])).toBe(true)
    expect(decide(['pull', '--on-conflict=merge', '--instance-label', '--json'])).toBe(true)
    expect(decide(['pull', '--pack-folder=missing'])).toBe(true)
    expect(decide(['pull', '--pack-folder=synced/.cloud-sync/sync.json'])).toBe(true)
  })

  it('is not given where the folder is opted in, by flag, by environment, or by where we are', () => {
    const synced = join(root, 'synced')
    expect(decide(['pull', '--pack-folder=synced'])).toBe(false)
    expect(decide(['pull', '--pack-folder', synced])).toBe(false)
    expect(decide(['pull'], { INST_MC_DIR: synced })).toBe(false)
    expect(isQuietNoOp(['push'], { INST_MC_DIR: '' }, synced)).toBe(false)
    expect(decide(['pull', '--pack-folder=plain'], { INST_MC_DIR: synced })).toBe(true)
  })

  it('is not given where the marker cannot be looked at', () => {
    expect(decide(['pull', '--pack-folder=loop'])).toBe(false)
  })

  it('is left to the parser of command lines when there is anything else', () => {
    expect(decide([])).toBe(false)
    expect(decide(['status'])).toBe(false)
    expect(decide(['pull', '--help'])).toBe(false)
    expect(decide(['pull', '--bogus'])).toBe(false)
    expect(decide(['pull', 'word'])).toBe(false)
    expect(decide(['pull', '--pack-folder'])).toBe(false)
    expect(decide(['pull', '--json=yes'])).toBe(false)
    expect(decide(['--json', 'pull'])).toBe(false)
  })
})
