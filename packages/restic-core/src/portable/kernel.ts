import { ctr, ecb } from '@noble/ciphers/aes.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Kernel } from '../kernel/kernel.ts'
import { workspace } from '../kernel/workspace.ts'
import { memoryKernels } from './memory-kernels.ts'
import { scryptMix } from './scrypt-mix.ts'
import { portableScrypt } from './scrypt.ts'
import { wasmZstd } from './zstd.ts'

/** Cryptography and compression without Node: for browsers, and as the oracle of Node's in tests. */
export async function portableKernel(): Promise<Kernel> {
  const [memory, zstd] = await Promise.all([memoryKernels(), wasmZstd()])
  return {
    name: 'portable',
    sha256: (data) => sha256(data),
    sha256Stream: () => sha256.create(),
    aesCtr,
    aesBlock,
    scrypt: portableScrypt,
    scryptMix,
    ...zstd,
    ...memory,
    workspace: workspace(),
  }
}

// noble takes keys of every AES and any number of blocks.
const aesCtr: Kernel['aesCtr'] = (key, iv, data, into) => {
  if (key.length !== 32) throw new RangeError('an AES-256 key has 32 bytes')
  const result = ctr(key, iv).encrypt(data)
  if (into === undefined) return result
  into.set(result)
  return into
}

const aesBlock: Kernel['aesBlock'] = (key, block) => {
  if (key.length !== 16) throw new RangeError('an AES-128 key has 16 bytes')
  if (block.length !== 16) throw new RangeError('an AES block has 16 bytes')
  return ecb(key, { disablePadding: true }).encrypt(block)
}
