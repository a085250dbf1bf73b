import { ctr, ecb } from '@noble/ciphers/aes.js'
import { pbkdf2 } from '@noble/hashes/pbkdf2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { syncScrypt } from 'scrypt-js'
import { beforeAll, describe, expect, it } from 'vitest'
import { concatBytes, fromHex, toHex } from '../base/bytes.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { describeChunker } from './describe-chunker.ts'
import { describePoly1305 } from './describe-poly1305.ts'
import { describeZstd } from './describe-zstd.ts'

/**
 * What every kernel has to do, as a suite for vitest. The results are compared with those of other
 * implementations: the readable ones in kernel/reference, noble's and scrypt-js'.
 */
export function describeKernel(name: string, create: () => Promise<Kernel>): void {
  describe(`${name} as a kernel`, () => {
    let kernel: Kernel
    beforeAll(async () => {
      kernel = await create()
    })
    const get = (): Kernel => kernel
    describe('SHA-256', () => {
      describeSha256(get)
    })
    describe('AES', () => {
      describeAes(get)
    })
    describe('Poly1305', () => {
      describePoly1305(get)
    })
    describe('scrypt', () => {
      describeScrypt(get)
    })
    describe('ROMix', () => {
      describeScryptMix(get)
    })
    describe('the chunker', () => {
      describeChunker(get)
    })
    describe('zstd', () => {
      describeZstd(get)
    })
    describe('results', () => {
      describeResults(get)
    })
  })
}

const bytes = fc.uint8Array({ maxLength: 300 })

function describeSha256(kernel: () => Kernel): void {
  it('hashes as FIPS 180-4 says', () => {
    expect(toHex(kernel().sha256(text('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(kernel().sha256(text('')))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })

  it('hashes data in pieces like data in one', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 5 }), (pieces) => {
        const expected = sha256(concatBytes(pieces))
        const stream = kernel().sha256Stream()
        for (const piece of pieces) stream.update(piece)
        expect(toHex(stream.digest())).toBe(toHex(expected))
        expect(toHex(kernel().sha256(concatBytes(pieces)))).toBe(toHex(expected))
      }),
    )
  })
}

function describeAes(kernel: () => Kernel): void {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const block = fc.uint8Array({ minLength: 16, maxLength: 16 })

  it('counts blocks as one number of 128 bits, round its end too', () => {
    const nearEnd = fc.tuple(block, fc.nat(16)).map(([iv, from]) => iv.fill(0xff, from))
    fc.assert(
      fc.property(key, fc.oneof(block, nearEnd), bytes, (secret, iv, data) => {
        const sealed = kernel().aesCtr(secret, iv, data)
        expect(toHex(sealed)).toBe(toHex(ctr(secret, iv).encrypt(data)))
        expect(toHex(kernel().aesCtr(secret, iv, sealed))).toBe(toHex(data))
        const into = new Uint8Array(data.length + 3).subarray(1, data.length + 1)
        expect(kernel().aesCtr(secret, iv, data, into)).toBe(into)
        expect(toHex(into)).toBe(toHex(sealed))
      }),
    )
  })

  it('enciphers one block as FIPS 197 says', () => {
    const sealed = kernel().aesBlock(
      fromHex('000102030405060708090a0b0c0d0e0f'),
      fromHex('00112233445566778899aabbccddeeff'),
    )
    expect(toHex(sealed)).toBe('69c4e0d86a7b0430d8cdb78070b4c55a')
  })

  it('enciphers one block like noble', () => {
    fc.assert(
      fc.property(block, block, (secret, data) => {
        const expected = ecb(secret, { disablePadding: true }).encrypt(data)
        expect(toHex(kernel().aesBlock(secret, data))).toBe(toHex(expected))
      }),
    )
  })

  it('refuses keys, counters and blocks of other lengths', () => {
    const [short, long] = [new Uint8Array(16), new Uint8Array(32)]
    for (const length of [0, 15, 16, 17, 24, 31, 32, 33]) {
      const wrong = new Uint8Array(length)
      if (length !== 32) expect(() => kernel().aesCtr(wrong, short, long)).toThrow(Error)
      if (length === 16) continue
      expect(() => kernel().aesCtr(long, wrong, long)).toThrow(Error)
      expect(() => kernel().aesBlock(wrong, short)).toThrow(Error)
      expect(() => kernel().aesBlock(short, wrong)).toThrow(Error)
    }
  })
}

function describeScrypt(kernel: () => Kernel): void {
  it('derives what RFC 7914 lists', () => {
    expect(toHex(kernel().scrypt(text(''), text(''), { N: 16, r: 1, p: 1 }, 64))).toBe(
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442' +
        'fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    )
    const cost = { N: 1024, r: 8, p: 16 }
    expect(toHex(kernel().scrypt(text('password'), text('NaCl'), cost, 64))).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
        '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )
  })

  it('derives like scrypt-js at small costs', () => {
    const exponent = fc.integer({ min: 1, max: 7 })
    const factor = fc.integer({ min: 1, max: 5 })
    const length = fc.integer({ min: 1, max: 100 })
    fc.assert(
      fc.property(bytes, bytes, exponent, factor, factor, length, (password, salt, n, r, p, l) => {
        const derived = kernel().scrypt(password, salt, { N: 2 ** n, r, p }, l)
        expect(toHex(derived)).toBe(toHex(syncScrypt(password, salt, 2 ** n, r, p, l)))
      }),
      { numRuns: 30 },
    )
  })

  it('derives with an N that RFC 7914 finds too large for its r, as restic does', () => {
    const derived = kernel().scrypt(text('p'), text('s'), { N: 65_536, r: 1, p: 1 }, 8)
    expect(toHex(derived)).toBe(toHex(syncScrypt(text('p'), text('s'), 65_536, 1, 1, 8)))
  })

  it('has the memory for the cost restic writes', () => {
    const derived = kernel().scrypt(text('p'), new Uint8Array(64), { N: 32_768, r: 8, p: 2 }, 64)
    expect(toHex(derived.subarray(0, 8))).toBe(scryptOfResticCost)
  })
}

function describeScryptMix(kernel: () => Kernel): void {
  it('mixes as RFC 7914 shows', () => {
    const block = fromHex(
      'f7ce0b653d2d72a4108cf5abe912ffdd777616dbbb27a70e8204f3ae2d0f6fad' +
        '89f68f4811d1e87bcc3bd7400a9ffd29094f0184639574f39ae5a1315217bcd7' +
        '894991447213bb226c25b54da86370fbcd984380374666bb8ffcb5bf40c254b0' +
        '67d27c51ce4ad5fed829c90b505a571b7f4d1cad6a523cda770e67bceaaf7e89',
    )
    kernel().scryptMix(block, { N: 16, r: 1 })
    expect(toHex(block)).toBe(
      '79ccc193629debca047f0b70604bf6b62ce3dd4a9626e355fafc6198e6ea2b46' +
        'd58413673b99b029d665c357601fb426a0b2f4bba200ee9f0a43d19b571a9c71' +
        'ef1142e65d5a266fddca832ce59faa7cac0b9cf1be2bffca300d01ee387619c4' +
        'ae12fd4438f203a0e4e1c47ec314861f4e9087cb33396a6873e8f9d2539a4b8e',
    )
  })

  it('is what scrypt does between two rounds of PBKDF2', () => {
    const exponent = fc.integer({ min: 1, max: 8 })
    const factor = fc.integer({ min: 1, max: 5 })
    fc.assert(
      fc.property(bytes, bytes, exponent, factor, factor, (password, salt, n, r, p) => {
        const N = 2 ** n
        // Within a larger array, for a share of the blocks is a part of one.
        const all = new Uint8Array(128 * r * p + 6)
        const blocks = all.subarray(3, -3)
        blocks.set(pbkdf2(sha256, password, salt, { c: 1, dkLen: blocks.length }))
        kernel().scryptMix(blocks, { N, r })
        const derived = pbkdf2(sha256, password, blocks, { c: 1, dkLen: 40 })
        expect(toHex(derived)).toBe(toHex(syncScrypt(password, salt, N, r, p, 40)))
        expect(all.subarray(0, 3)).toEqual(new Uint8Array(3))
        expect(all.subarray(-3)).toEqual(new Uint8Array(3))
      }),
      { numRuns: 30 },
    )
  })
}

// From Python's hashlib, an implementation that no kernel uses.
const scryptOfResticCost = '49661ef8ab4b55e5'

function describeResults(kernel: () => Kernel): void {
  it('are plain arrays that no later call changes', () => {
    const data = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)
    const key = data.subarray(0, 32)
    const iv = data.subarray(0, 16)
    const results = (salt: Uint8Array): Uint8Array[] => [
      kernel().sha256(salt),
      kernel().aesCtr(key, iv, salt),
      kernel().aesBlock(iv, salt.subarray(0, 16)),
      kernel().poly1305(key, salt),
      kernel().scrypt(key, salt, { N: 2, r: 1, p: 1 }, 32),
      kernel().compress(salt, 3),
      kernel().decompress(kernel().compress(salt, 3), salt.length),
    ]
    const first = results(data)
    const copies = first.map(toHexOf)
    results(data.toReversed())
    expect(first.map(toHexOf)).toEqual(copies)
    for (const result of first) expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
  })

  it('leave the scratch memory as it is', () => {
    const scratch = kernel().scratch(4096)
    expect(scratch.length).toBeGreaterThanOrEqual(4096)
    scratch.fill(7)
    kernel().poly1305(new Uint8Array(32), new Uint8Array(300_000))
    kernel().chunker(0x3da3358b4dc173n).cut(new Uint8Array(1_000_000), 0, 1_000_000)
    kernel().decompress(kernel().compress(new Uint8Array(100_000), 3), 100_000)
    expect(scratch.every((byte) => byte === 7)).toBe(true)
  })
}

function toHexOf(result: Uint8Array): string {
  return toHex(result)
}

function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters)
}
