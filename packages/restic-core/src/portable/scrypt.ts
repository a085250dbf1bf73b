import { scrypt } from '@noble/hashes/scrypt.js'
import type { Kernel, ScryptCost } from '../kernel/kernel.ts'

/** Takes every cost that restic takes, as long as the memory lasts. */
export const portableScrypt: Kernel['scrypt'] = (password, salt, cost, length) =>
  scrypt(password, salt, { ...cost, dkLen: length, maxmem: scryptMemory(cost) })

/** What implementations have to be allowed, bytes. Node's own limit refuses what restic writes. */
export function scryptMemory({ N, r, p }: ScryptCost): number {
  return 128 * r * (N + p + 2)
}
