import * as crypto from 'node:crypto'
import { KiB } from '../base/bytes.ts'
import { releaseBytes } from '../base/release.ts'
import type { Hasher, Kernel } from '../kernel/kernel.ts'
import { workspace } from '../kernel/workspace.ts'
import { memoryKernels } from '../portable/memory-kernels.ts'
import { scryptMix } from '../portable/scrypt-mix.ts'
import { plainBytes } from './plain-bytes.ts'
import { scrypt } from './scrypt.ts'
import { nodeZstd } from './zstd.ts'

/**
 * Node's own cryptography and compression, and WebAssembly for what this Node does not have. Has
 * memory of its own, so make one per thread.
 */
export async function nodeKernel(): Promise<Kernel> {
  const memory = await memoryKernels(copyBytes)
  return {
    name: 'node',
    sha256,
    sha256Stream,
    ...aes(),
    scrypt,
    scryptMix,
    ...(await zstd()),
    ...memory,
    poly1305: nodePoly1305(memory.poly1305),
    workspace: workspace(),
  }
}

/** `set` copies from memory that threads share a byte at a time: twenty times slower. */
function copyBytes(target: Uint8Array, source: Uint8Array, at: number): void {
  Buffer.prototype.fill.call(target, source, at, at + source.length)
}

/** The WebAssembly, a hundred kilobytes, is loaded on the Nodes that need it only. */
async function zstd(): Promise<Pick<Kernel, 'compress' | 'decompress'>> {
  const native = nodeZstd()
  if (native !== undefined) return native
  const { wasmZstd } = await import('../portable/zstd.ts')
  return wasmZstd()
}

// crypto.hash is faster than createHash for small data, and came with Node 20.12.
const sha256: Kernel['sha256'] =
  typeof crypto.hash === 'function'
    ? (data) => plainBytes(crypto.hash('sha256', data, 'buffer'))
    : (data) => plainBytes(crypto.createHash('sha256').update(data).digest())

function sha256Stream(): Hasher {
  const hash = crypto.createHash('sha256')
  return {
    update: (data) => void hash.update(data),
    digest: () => plainBytes(hash.digest()),
  }
}

// Node gives each result new memory. In pieces of this length it is soon used again, where the memory
// for a whole blob goes back to the system and comes from there every time.
const cipherPieceLength = 64 * KiB

function aes(): Pick<Kernel, 'aesCtr' | 'aesBlock'> {
  // Node 24 begins a cipher in 3 microseconds with such a key, and in 18 with the bytes of one.
  const secretKeys = new WeakMap<Uint8Array, crypto.KeyObject>()
  const blockCiphers = new WeakMap<Uint8Array, crypto.Cipheriv>()
  const secretKey = (key: Uint8Array): crypto.KeyObject => {
    const known = secretKeys.get(key) ?? crypto.createSecretKey(key)
    secretKeys.set(key, known)
    return known
  }
  return {
    aesCtr(key, iv, data, into) {
      const cipher = crypto.createCipheriv('aes-256-ctr', secretKey(key), iv)
      if (into === undefined) return plainBytes(cipher.update(data))
      for (let at = 0; at < data.length; at += cipherPieceLength) {
        const piece = cipher.update(data.subarray(at, at + cipherPieceLength))
        into.set(piece, at)
        releaseBytes(piece)
      }
      return into
    },
    aesBlock(key, block) {
      if (block.length !== 16) throw new RangeError('an AES block has 16 bytes')
      // One block of ECB has nothing to do with the next, so the cipher of a key serves for all.
      const cipher =
        blockCiphers.get(key) ??
        crypto.createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
      blockCiphers.set(key, cipher)
      return plainBytes(cipher.update(block))
    },
  }
}

/** node:crypto from 26.9 on, which @types/node of the Node we develop on does not describe. */
interface CryptoWithMac {
  readonly createMac?: (algorithm: 'poly1305', key: Uint8Array) => Mac
}
interface Mac {
  update(data: Uint8Array): void
  final(): Buffer
}

// Making a Mac costs 2 microseconds, in which WebAssembly is through with this many bytes.
const nativeLengthMin = 4 * KiB

function nodePoly1305(wasm: Kernel['poly1305']): Kernel['poly1305'] {
  const { createMac } = crypto as CryptoWithMac
  if (createMac === undefined) return wasm
  return (oneTimeKey, data) => {
    if (data.length < nativeLengthMin) return wasm(oneTimeKey, data)
    const mac = createMac('poly1305', oneTimeKey)
    mac.update(data)
    return plainBytes(mac.final())
  }
}
