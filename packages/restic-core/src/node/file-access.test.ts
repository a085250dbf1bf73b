import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nameFromBytes } from '../format/name.ts'
import { nodeFileAccess } from './file-access.ts'

const files = nodeFileAccess()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-access-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the files of this machine, as jobs see them', () => {
  it('are read from any place, and end where they end', () => {
    writeFileSync(join(folder, 'f'), 'abcdef')
    const file = files.openForReading(join(folder, 'f'))
    const into = new Uint8Array(4)
    expect(file.read(into, 1)).toBe(4)
    expect(new TextDecoder().decode(into)).toBe('bcde')
    expect(file.read(into, 4)).toBe(2)
    expect(file.read(into, 9)).toBe(0)
    expect(file.state()).toMatchObject({ size: 6 })
    file.close()
  })

  const isLinux = process.platform === 'linux'
  it.skipIf(!isLinux)('do not tell by their access time that they were read', () => {
    const path = join(folder, 'f')
    writeFileSync(path, 'x')
    utimesSync(path, 1000, 2000)
    const file = files.openForReading(path)
    file.read(new Uint8Array(1), 0)
    file.close()
    expect(statSync(path).atimeMs).toBe(1_000_000)
  })

  it('are written where asked, holes and all', () => {
    const path = join(folder, nameFromBytes(Uint8Array.of(0xff)))
    const file = files.create(path)
    file.write(Uint8Array.of(1, 2), 3)
    file.setSize(7)
    file.close()
    const again = files.openForWriting(path)
    again.write(Uint8Array.of(9), 4)
    again.close()
    const bytes = readFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff)]))
    expect([...bytes]).toEqual([0, 0, 0, 1, 9, 0, 0])
  })

  it('are made for their owner alone, and never over another', () => {
    const path = join(folder, 'f')
    files.create(path).close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(() => files.create(path)).toThrow(
      expect.objectContaining({ code: 'TARGET', reason: 'changed', path }),
    )
  })

  it('are not found through a symlink in the last place', () => {
    const path = join(folder, 'link')
    writeFileSync(join(folder, 'f'), 'x')
    symlinkSync('f', path)
    const unsafe = {
      reason: 'unsafe',
      path,
      message: `cannot open ${path}: it is a symlink (ELOOP)`,
    }
    expect(() => files.openForReading(path)).toThrow(
      expect.objectContaining({ ...unsafe, code: 'SOURCE' }),
    )
    expect(() => files.openForWriting(path)).toThrow(
      expect.objectContaining({ ...unsafe, code: 'TARGET' }),
    )
    symlinkSync('nowhere', join(folder, 'dangling'))
    expect(() => files.create(join(folder, 'dangling'))).toThrow(
      expect.objectContaining({ reason: 'changed' }),
    )
  })

  it('are files, not what has taken their place', () => {
    mkdirSync(join(folder, 'd'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    // A pipe that nobody writes to must not hold the thread.
    for (const name of ['d', 'pipe']) {
      const file = files.openForReading(join(folder, name))
      expect(() => file.state()).toThrow(expect.objectContaining({ reason: 'changed' }))
      file.close()
    }
    expect(() => files.openForWriting(join(folder, 'd'))).toThrow(
      expect.objectContaining({ code: 'TARGET', reason: 'io' }),
    )
    expect(() => files.openForReading(join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'SOURCE', reason: 'not-found' }),
    )
  })

  it('are the same file under each of their names', () => {
    files.create(join(folder, 'a')).close()
    linkSync(join(folder, 'a'), join(folder, 'b'))
    const inodes = ['a', 'b'].map((name) => {
      const file = files.openForReading(join(folder, name))
      const { inode } = file.state()
      file.close()
      return inode
    })
    expect(inodes[0]).toBe(inodes[1])
  })
})
