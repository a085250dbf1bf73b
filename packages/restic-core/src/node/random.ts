import { randomFillSync } from 'node:crypto'

/** Drawn ahead: a call of the system's generator costs more than a nonce. */
const reserve = new Uint8Array(4096)
let used = reserve.length

/** Bytes fit for keys and nonces. */
export function nodeRandom(length: number): Uint8Array {
  if (length > reserve.length) return randomFillSync(new Uint8Array(length))
  if (used + length > reserve.length) {
    randomFillSync(reserve)
    used = 0
  }
  const bytes = reserve.slice(used, used + length)
  reserve.fill(0, used, used + length)
  used += length
  return bytes
}
