import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modeBits } from '../format/mode.ts'
import { nameFromBytes } from '../format/name.ts'
import type { Node } from '../format/node.ts'
import type { TargetTree } from '../operations/shared/target-tree.ts'
import { fileTarget } from './file-target.ts'

let root: string
let target: TargetTree
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'file-target-'))
  target = fileTarget({ root })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const isRoot = process.getuid?.() === 0

function node(fields: Partial<Node> = {}): Node {
  return {
    name: 'x',
    type: 'file',
    mode: 0o640,
    mtime: '2024-05-06T07:08:09Z',
    atime: '2024-05-06T07:08:10Z',
    ctime: '2024-05-06T07:08:11Z',
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 1,
    device: 0n,
    content: [],
    ...fields,
  }
}

describe('a directory of this machine as target', () => {
  it('makes its root, with all that is above it', () => {
    target = fileTarget({ root: join(root, 'a/b') })
    expect(target.entry('/')).toBeUndefined()
    target.makeDirectory('/')
    expect(target.entry('/')?.type).toBe('dir')
    expect(lstatSync(join(root, 'a/b')).mode & 0o777).toBe(0o700)
  })

  it('takes the place of a symlink to a directory, and refuses any other that is no directory', () => {
    mkdirSync(join(root, 'elsewhere'))
    symlinkSync('elsewhere', join(root, 'link'))
    target = fileTarget({ root: join(root, 'link') })
    target.makeDirectory('/')
    target.createFile('/f', 0)
    expect(target.entry('/')?.type).toBe('dir')
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([])

    writeFileSync(join(root, 'file'), '')
    symlinkSync('file', join(root, 'to file'))
    symlinkSync('nowhere', join(root, 'to nothing'))
    for (const name of ['file', 'to file', 'to nothing']) {
      target = fileTarget({ root: join(root, name) })
      expect(() => target.makeDirectory('/')).toThrow('something is there already')
    }
    expect(readlinkSync(join(root, 'to file'))).toBe('file')
  })

  it('keeps what it makes to its owner until permissions are set', () => {
    target.makeDirectory('/d')
    target.createFile('/f', 3)
    expect(lstatSync(join(root, 'd')).mode & 0o777).toBe(0o700)
    expect(lstatSync(join(root, 'f')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(root, 'f'))).toEqual(Buffer.alloc(3))
  })

  it('names bytes that are no UTF-8 as they are', () => {
    const name = nameFromBytes(Uint8Array.of(0x61, 0xff, 0xfe))
    target.createFile(`/${name}`, 0)
    target.makeSymlink('/l', name)
    expect(readdirSync(root, { encoding: 'buffer' })[0]).toEqual(Buffer.of(0x61, 0xff, 0xfe))
    expect(target.list('/').toSorted()).toEqual([name, 'l'].toSorted())
  })

  it('gives owner, permissions and times', () => {
    target.createFile('/f', 0)
    const mode = 0o755 + modeBits.setuid + modeBits.setgid
    const owner = isRoot ? { uid: 1234, gid: 2345 } : {}
    expect(target.setMetadata('/f', node({ mode, ...owner }))).toEqual([])
    const stat = statSync(join(root, 'f'))
    expect(stat).toMatchObject({ mode: 0o106755, ...owner })
    expect(stat.mtime.toISOString()).toBe('2024-05-06T07:08:09.000Z')
    expect(stat.atime.toISOString()).toBe('2024-05-06T07:08:10.000Z')
  })

  it('comes within a microsecond of any time, and tells when it is not exact', () => {
    for (const [text, ns] of [
      ['1969-12-31T23:59:58.5Z', -1_500_000_000n],
      ['1901-12-13T20:45:52Z', -2_147_483_648_000_000_000n],
      ['2024-05-06T07:08:09.123456789Z', 1_714_979_289_123_456_789n],
      ['2100-01-01T00:00:00.000000001Z', 4_102_444_800_000_000_001n],
    ] as const) {
      target.makeSymlink('/l', 'nowhere')
      const notKept = target.setMetadata('/l', node({ type: 'symlink', mtime: text }))
      const { mtimeNs } = lstatSync(join(root, 'l'), { bigint: true })
      const difference = mtimeNs - ns
      expect(difference < 1000n && difference > -1000n, `${text}: ${difference} ns`).toBe(true)
      expect(notKept).toEqual(difference === 0n ? [] : ['exact times'])
      target.remove('/l')
    }
  })

  it.skipIf(!isRoot)('finds owners by name when asked to', () => {
    const accounts = {
      userName: () => '',
      groupName: () => '',
      uidOf: (name: string) => (name === 'ada' ? 501 : undefined),
      gidOf: () => undefined,
    }
    target = fileTarget({ root, ownershipByName: true, accounts })
    target.createFile('/f', 0)
    target.setMetadata('/f', node({ uid: 7, gid: 8, user: 'ada', group: 'unknown' }))
    expect(lstatSync(join(root, 'f'))).toMatchObject({ uid: 501, gid: 8 })
  })

  it('opens a read-only file for a change in place', () => {
    writeFileSync(join(root, 'f'), 'too long', { mode: 0o400 })
    target.prepareFile('/f', 3)
    target.writeFile('/f', Uint8Array.of(65, 66), 1)
    expect(readFileSync(join(root, 'f'), 'utf8')).toBe('tAB')
  })

  it('uses a read-only directory and replaces a file in the place of one', () => {
    mkdirSync(join(root, 'd'), { mode: 0o500 })
    writeFileSync(join(root, 'e'), '')
    target.makeDirectory('/d')
    target.makeDirectory('/e')
    target.createFile('/d/f', 0)
    target.createFile('/e/f', 0)
    expect(readdirSync(join(root, 'd'))).toEqual(['f'])
  })

  it('removes a whole directory, read-only ones in it too, and tells each path', () => {
    mkdirSync(join(root, 'd/e'), { recursive: true })
    writeFileSync(join(root, 'd/e/f'), '')
    chmodSync(join(root, 'd/e'), 0o500)
    const removed: string[] = []
    target.removeAll('/d', (path) => removed.push(path))
    expect(removed).toEqual(['/d/e/f', '/d/e', '/d'])
    expect(target.entry('/d')).toBeUndefined()
  })

  it.each([
    ['takes no name twice', 'changed', () => target.createFile('/f', 0)],
    ['writes into no directory', 'io', () => target.prepareFile('/d', 0)],
    ['removes no directory with content', 'changed', () => target.remove('/d')],
    ['makes nothing below a file', 'not-found', () => target.makeDirectory('/f/d')],
    ['links to nothing', 'not-found', () => target.makeHardLink('/l', '/none')],
    ['changes no other thing', 'changed', () => target.setMetadata('/d', node())],
  ])('%s, and names the path', (_, reason, action) => {
    writeFileSync(join(root, 'f'), '')
    mkdirSync(join(root, 'd/e'), { recursive: true })
    expect(action).toThrow(
      expect.objectContaining({ code: 'TARGET', reason, path: expect.stringContaining(root) }),
    )
  })
})
