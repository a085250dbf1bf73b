import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyText, anyTime, anyU32, expectGraceful } from '../../tests/format-arbitraries.ts'
import { type LockFile, formatLockFile, parseLockFile } from './lock-file.ts'

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a lock file', () => {
  const anyLock: fc.Arbitrary<LockFile> = fc.record({
    time: anyTime,
    exclusive: fc.boolean(),
    hostname: anyText,
    username: anyText,
    pid: fc.integer(),
    uid: anyU32,
    gid: anyU32,
  })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyLock, (lock) => {
        expect(parseLockFile(formatLockFile(lock), 'file 12')).toEqual(lock)
      }),
    )
  })

  it('is laid out as restic does', () => {
    const lock = {
      time: '2026-01-02T03:04:05Z',
      exclusive: false,
      hostname: 'vm',
      username: 'root',
      pid: 30_862,
      uid: 0,
      gid: 0,
    }
    expect(decode(formatLockFile(lock))).toBe(
      '{"time":"2026-01-02T03:04:05Z","exclusive":false,"hostname":"vm","username":"root","pid":30862}',
    )
    expect(decode(formatLockFile({ ...lock, uid: 1, gid: 2 }))).toContain(',"uid":1,"gid":2}')
  })

  it('that is damaged fails in no other way', () => {
    expectGraceful(anyLock.map(formatLockFile), (json) => parseLockFile(json, 'file 12'))
  })
})
