import { ctr, ecb } from '@noble/ciphers/aes.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Kernel } from '../kernel/kernel.ts'
import { memoryKernels } from './memory-kernels.ts'
import { wasmZstd } from './zstd.ts'

/** Cryptography and compression without Node: for browsers, and as the oracle of Node's in tests. */
export async function portableKernel(): Promise<Kernel> {
  const [memory, zstd] = await Promise.all([memoryKernels(), wasmZstd()])
  return {
    name: 'portable',
    sha256: (data) => sha256(data),
    sha256Stream: () => sha256.create(),
    aesCtr: (key, iv, data) => ctr(key, iv).encrypt(data),
    aesBlock: (key, block) => ecb(key, { disablePadding: true }).encrypt(block),
    scrypt: (password, salt, { N, r, p }, length) =>
      scrypt(password, salt, { N, r, p, dkLen: length }),
    ...zstd,
    ...memory,
  }
}
