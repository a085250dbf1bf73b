import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { anyText, anyTime, corrupt, expectGraceful } from '../../tests/format-arbitraries.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { nodeKernel } from '../node/kernel.ts'
import {
  type KeyFile,
  formatKeyFile,
  openMasterKey,
  parseKeyFile,
  parseMasterKey,
  sealMasterKey,
} from './key-file.ts'
import { seal } from './seal.ts'
import { zeroTime } from './time.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const toJson = (value: unknown): Uint8Array => encode(JSON.stringify(value))
const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
/** HMAC, which scrypt begins with, fills keys up with zeros, so at the end they count for nothing. */
const withoutZeros = (password: string): string => password.replace(/\0+$/, '')

describe('a key file', () => {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await nodeKernel()
  })
  const file: KeyFile = {
    created: '2024-01-02T03:04:05.678Z',
    username: 'someone',
    hostname: 'somewhere',
    kdf: 'scrypt',
    cost: { N: 16, r: 1, p: 1 },
    salt: new Uint8Array(64).fill(7),
    data: new Uint8Array(160).fill(8),
  }
  const masterKey = {
    encrypt: new Uint8Array(32).fill(1),
    macK: new Uint8Array(16).fill(2),
    macR: new Uint8Array(16).fill(255),
  }
  const iv = new Uint8Array(16).fill(9)

  it('comes back as it was', () => {
    const anyFile = fc.record({
      created: anyTime,
      username: anyText,
      hostname: anyText,
      kdf: fc.constant('scrypt' as const),
      cost: fc.record({
        N: fc.integer({ min: 1, max: 16 }).map((power) => 2 ** power),
        r: fc.integer({ min: 1, max: 16 }),
        p: fc.integer({ min: 1, max: 16 }),
      }),
      salt: bytesOf(64),
      data: fc.uint8Array(),
    })
    fc.assert(
      fc.property(anyFile, (any) => {
        expect(parseKeyFile(formatKeyFile(any), 'file 12')).toEqual(any)
      }),
    )
  })

  it('opens with its password and no other', () => {
    fc.assert(
      fc.property(anyText, anyText, (password, other) => {
        const sealed = sealMasterKey(kernel, masterKey, { ...file, password, iv })
        expect(openMasterKey(kernel, password, sealed, 'file 12')).toEqual(masterKey)
        const opened = openMasterKey(kernel, other, sealed, 'file 12')
        expect(opened).toEqual(
          withoutZeros(other) === withoutZeros(password) ? masterKey : undefined,
        )
      }),
      { numRuns: 20, examples: [['a', 'a\0']] },
    )
  })

  it('tells a wrong password from damage', () => {
    const sealed = sealMasterKey(kernel, masterKey, { ...file, password: 'right', iv })
    const short = { ...sealed, data: sealed.data.subarray(0, 31) }
    expect(() => openMasterKey(kernel, 'right', short, 'file 12')).toThrow(corrupt('length'))
    const stretched = kernel.scrypt(encode('right'), file.salt, file.cost, 64)
    const userKey = {
      encrypt: stretched.subarray(0, 32),
      macK: stretched.subarray(32, 48),
      macR: stretched.subarray(48, 64),
    }
    const noKey = { ...sealed, data: seal(kernel, userKey, encode('{}'), iv) }
    expect(() => openMasterKey(kernel, 'right', noKey, 'file 12')).toThrow(corrupt('json'))
  })

  it.each([
    ['N that is no power of two', { N: 1000 }, 'value'],
    ['N of 1', { N: 1 }, 'value'],
    ['p of 0', { p: 0 }, 'value'],
    ['a cost that needs too much memory', { N: 2 ** 30, r: 8 }, 'value'],
    ['N that is no number', { N: '16' }, 'json'],
    ['a short salt', { salt: 'AAAA' }, 'length'],
    ['a salt that is not base64', { salt: '****' }, 'json'],
    ['no data', { data: undefined }, 'json'],
    ['a time that is none', { created: 'yesterday' }, 'json'],
  ])('with %s is refused', (_, members, check) => {
    const json = JSON.parse(decode(formatKeyFile(file))) as object
    expect(() => parseKeyFile(toJson({ ...json, ...members }), 'file 12')).toThrow(corrupt(check))
  })

  it('with another key derivation is not supported', () => {
    const json = JSON.parse(decode(formatKeyFile(file))) as object
    expect(() => parseKeyFile(toJson({ ...json, kdf: 'argon2' }), 'file 12')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })

  it('that would keep us busy without end is not supported', () => {
    const json = JSON.parse(decode(formatKeyFile(file))) as object
    const endless = toJson({ ...json, N: 32_768, r: 8, p: 100_000 })
    expect(() => parseKeyFile(endless, 'file 12')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })

  it('may lack a time and names', () => {
    const json = { ...(JSON.parse(decode(formatKeyFile(file))) as object), created: undefined }
    const parsed = parseKeyFile(toJson({ ...json, username: null, hostname: undefined }), 'file 12')
    expect(parsed).toMatchObject({ created: zeroTime, username: '', hostname: '' })
  })

  it('that is damaged fails in no other way', () => {
    expectGraceful(fc.constant(formatKeyFile(file)), (json) => parseKeyFile(json, 'file 12'))
    expectGraceful(
      fc.constant(encode('{"mac":{"k":"AA==","r":"AA=="},"encrypt":"AA=="}')),
      (json) => parseMasterKey(json, 'file 12'),
    )
  })
})
