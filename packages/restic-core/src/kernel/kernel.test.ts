import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../base/bytes.ts'
import { nodeKernel } from '../node/kernel.ts'
import { portableKernel } from '../portable/kernel.ts'
import { describeKernel } from '../testing/describe-kernel.ts'
import type { Kernel } from './kernel.ts'
import { referenceKernels } from './reference/memory-kernels.ts'
import { referenceScryptMix } from './reference/scrypt-mix.ts'

interface CryptoVectors {
  readonly key: { readonly e: string; readonly k: string; readonly r: string }
  readonly seal: readonly {
    readonly name: string
    readonly iv: string
    readonly plaintext: string
    readonly sealed: string
    readonly poly1305_onetime_key: string
    readonly mac: string
  }[]
  readonly scrypt: {
    readonly password_utf8: string
    readonly N: number
    readonly r: number
    readonly p: number
    readonly salt: string
    readonly output64: string
  }
}

interface ChunkerVectors {
  readonly inputs: Readonly<Record<string, ChunkerInput>>
  readonly polynomials: Readonly<
    Record<string, { readonly chunks: Readonly<Record<string, readonly ChunkVector[]>> }>
  >
}
interface ChunkerInput {
  readonly kind: 'prng' | 'fill' | 'repeat of prng(1024 bytes)'
  readonly seedOrByte: string | number
  readonly length: number
  readonly sha256: string
}
/** The last is the digest at the cut, which the port does not show. */
type ChunkVector = readonly [length: number, sha256: string, digest: string | null]

const crypto = vectors('crypto.json') as CryptoVectors
const chunker = vectors('chunker.json') as ChunkerVectors

/** The portable one with the readable twins of what is WebAssembly in it. */
async function readableKernel(): Promise<Kernel> {
  return {
    ...(await portableKernel()),
    ...referenceKernels(),
    scryptMix: referenceScryptMix,
    name: 'readable',
  }
}

for (const [name, create] of [
  ['node', nodeKernel],
  ['portable', portableKernel],
  ['readable', readableKernel],
] as const) {
  describeKernel(name, create)
  describe(`${name} and what restic wrote`, () => {
    describeVectors(create)
  })
}

function describeVectors(create: () => Promise<Kernel>): void {
  let kernel: Kernel
  beforeAll(async () => {
    kernel = await create()
  })

  it.each(crypto.seal)('seals: $name', (vector) => {
    const [key, iv] = [fromHex(crypto.key.e), fromHex(vector.iv)]
    const ciphertext = kernel.aesCtr(key, iv, fromHex(vector.plaintext))
    const s = kernel.aesBlock(fromHex(crypto.key.k), iv)
    const oneTimeKey = crypto.key.r + toHex(s)
    expect(oneTimeKey).toBe(vector.poly1305_onetime_key)
    const tag = kernel.poly1305(fromHex(oneTimeKey), ciphertext)
    expect(vector.iv + toHex(ciphertext) + toHex(tag)).toBe(vector.sealed)
    expect(toHex(tag)).toBe(vector.mac)
  })

  it('derives the key of a key file', () => {
    const { password_utf8: password, salt, output64, ...cost } = crypto.scrypt
    const derived = kernel.scrypt(new TextEncoder().encode(password), fromHex(salt), cost, 64)
    expect(toHex(derived)).toBe(output64)
  })

  it.each(Object.keys(chunker.inputs))('cuts where restic cuts: %s', (name) => {
    const data = inputData(name)
    for (const [polynomial, { chunks }] of Object.entries(chunker.polynomials)) {
      const expected = chunks[name]
      if (expected === undefined) continue
      const one = kernel.chunker(BigInt(`0x${polynomial}`))
      let start = 0
      for (const [length, id] of expected) {
        expect(one.cut(data, start, data.length) || data.length - start).toBe(length)
        expect(toHex(kernel.sha256(data.subarray(start, start + length)))).toBe(id)
        start += length
      }
      expect(start).toBe(data.length)
    }
  })
}

const inputs = new Map<string, Uint8Array>()

/** Made once, for all kernels. */
function inputData(name: string): Uint8Array {
  const made = inputs.get(name) ?? makeInput(chunker.inputs[name])
  inputs.set(name, made)
  return made
}

function makeInput(input: ChunkerInput | undefined): Uint8Array {
  if (input === undefined) throw new TypeError('no such input')
  const { kind, seedOrByte, length } = input
  let data = new Uint8Array(length)
  if (kind === 'fill') data.fill(Number(seedOrByte))
  else if (kind === 'prng') data = randomStream(String(seedOrByte), length)
  else {
    const period = randomStream(String(seedOrByte), 1024)
    for (let at = 0; at < length; at += 1024) data.set(period, at)
  }
  expect(hash('sha256', data)).toBe(input.sha256)
  return data
}

/** SHA-256 of `seed:0`, `seed:1` and so on, as chunker.json says. */
function randomStream(seed: string, length: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(Math.ceil(length / 32) * 32)
  for (let at = 0; at < length; at += 32) {
    data.set(hash('sha256', `${seed}:${at / 32}`, 'buffer'), at)
  }
  return data.subarray(0, length)
}

function vectors(name: string): unknown {
  const file = new URL(`../../../../fixtures/vectors/${name}`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}
