import * as crypto from 'node:crypto'
import type { Hasher, Kernel } from '../kernel/kernel.ts'
import { referenceKernels } from '../kernel/reference/memory-kernels.ts'
import { nodeZstd } from './zstd.ts'

/** Node's own cryptography and compression. Call it once per thread. */
export async function nodeKernel(): Promise<Kernel> {
  const zstd = nodeZstd()
  if (zstd === undefined) throw new Error('no zstd')
  return {
    name: 'node',
    sha256,
    sha256Stream,
    aesCtr,
    aesBlock,
    scrypt,
    ...zstd,
    ...referenceKernels(),
  }
}

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

const aesCtr: Kernel['aesCtr'] = (key, iv, data) =>
  plainBytes(crypto.createCipheriv('aes-256-ctr', key, iv).update(data))

const aesBlock: Kernel['aesBlock'] = (key, block) => {
  if (block.length !== 16) throw new RangeError('an AES block has 16 bytes')
  const cipher = crypto.createCipheriv('aes-128-ecb', key, null)
  return plainBytes(cipher.setAutoPadding(false).update(block))
}

const scrypt: Kernel['scrypt'] = (password, salt, { N, r, p }, length) => {
  // What scrypt needs; Node's default of 32 MiB refuses the cost restic writes.
  const maxmem = 128 * r * (N + p + 2)
  return plainBytes(crypto.scryptSync(password, salt, length, { N, r, p, maxmem }))
}

/** Buffer's `slice` shares memory where Uint8Array's copies; nobody shall meet the difference. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
