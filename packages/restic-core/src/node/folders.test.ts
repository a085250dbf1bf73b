import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeFolders } from './folders.ts'

describe('makeFolders', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'folders-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('makes every folder that is missing, with the mode, and takes those that exist', () => {
    const path = join(folder, 'a', 'b', 'c')
    makeFolders(path, 0o700)
    makeFolders(path, 0o755)
    for (const made of ['a', 'a/b', 'a/b/c']) {
      expect(statSync(join(folder, made)).mode & 0o777).toBe(0o700)
    }
  })

  it('takes a symlink to a folder, and refuses files and symlinks to nothing', () => {
    symlinkSync('.', join(folder, 'here'))
    symlinkSync('nothing', join(folder, 'nowhere'))
    writeFileSync(join(folder, 'file'), '')
    makeFolders(join(folder, 'here', 'below'), 0o700)
    expect(statSync(join(folder, 'below')).isDirectory()).toBe(true)
    expect(() => makeFolders(join(folder, 'nowhere'), 0o700)).toThrow('EEXIST')
    expect(() => makeFolders(join(folder, 'file'), 0o700)).toThrow('EEXIST')
    expect(() => makeFolders(join(folder, 'file', 'below'), 0o700)).toThrow('ENOTDIR')
  })

  it.runIf(process.platform === 'linux')('ends where no folder can be made', () => {
    expect(() => makeFolders('/proc/instance-sync', 0o700)).toThrow('ENOENT')
    expect(() => makeFolders('/proc/instance-sync/below', 0o700)).toThrow('ENOENT')
  })
})
