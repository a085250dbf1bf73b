import { factor, lastBlock, oneTimeKey, sum, tag } from './memory'

// A number modulo 2^130 - 5 is five limbs of 32 bits, each in 64. The clamp leaves 28 bits in the
// limbs of r and two zero bits at the end of the upper three. That is what makes this fit:
// - 2^130 is 5, so 2^128 is 5/4, and a product that lands there comes back at the bottom as
//   `r + r / 4` times the other factor, without a remainder;
// - the limbs of the sum may stand at 3.3 * 2^32 when they are multiplied: five such products stay
//   below 14.6 * 2^60, so the carry of one limb needs to go no further than the next.
// Five limbs of 26 bits, the usual way, need 25 products a block instead of 20.
// Source: RFC 8439, section 2.5.

const limbMask: u64 = 0xffffffff

/** Takes r from the one-time key, clamps it, and begins a message. */
export function poly1305Begin(): void {
  store<u32>(factor, load<u32>(oneTimeKey) & 0x0fffffff)
  store<u32>(factor, load<u32>(oneTimeKey, 4) & 0x0ffffffc, 4)
  store<u32>(factor, load<u32>(oneTimeKey, 8) & 0x0ffffffc, 8)
  store<u32>(factor, load<u32>(oneTimeKey, 12) & 0x0ffffffc, 12)
  memory.fill(sum, 0, 40)
}

/** @param end a multiple of 16 bytes after `start` */
export function poly1305Blocks(start: usize, end: usize): void {
  addBlocks(start, end, 1)
}

/** Adds what is left, 0 to 15 bytes, and writes the tag. */
export function poly1305End(start: usize, length: usize): void {
  if (length > 0) {
    memory.fill(lastBlock, 0, 16)
    memory.copy(lastBlock, start, length)
    store<u8>(lastBlock + length, 1)
    addBlocks(lastBlock, lastBlock + 16, 0)
  }
  writeTag()
}

/**
 * sum = (sum + block) * r for each block of 16 bytes.
 *
 * @param top the limb above the block: 1 for a full block, which has a 1 appended
 */
function addBlocks(start: usize, end: usize, top: u64): void {
  const r0: u64 = load<u32>(factor)
  const r1: u64 = load<u32>(factor, 4)
  const r2: u64 = load<u32>(factor, 8)
  const r3: u64 = load<u32>(factor, 12)
  const wrapped1 = r1 + (r1 >> 2)
  const wrapped2 = r2 + (r2 >> 2)
  const wrapped3 = r3 + (r3 >> 2)
  let h0 = load<u64>(sum)
  let h1 = load<u64>(sum, 8)
  let h2 = load<u64>(sum, 16)
  let h3 = load<u64>(sum, 24)
  let h4 = load<u64>(sum, 32)
  for (let at = start; at < end; at += 16) {
    h0 += load<u32>(at)
    h1 += load<u32>(at, 4)
    h2 += load<u32>(at, 8)
    h3 += load<u32>(at, 12)
    h4 += top

    const d0 = h0 * r0 + h1 * wrapped3 + h2 * wrapped2 + h3 * wrapped1
    const d1 = h0 * r1 + h1 * r0 + h2 * wrapped3 + h3 * wrapped2 + h4 * wrapped1
    const d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * wrapped3 + h4 * wrapped2
    const d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * wrapped3
    const d4 = h4 * r0 + (d3 >> 32)

    // Bits 2 and up of d4 are worth 2^130 and more.
    h0 = (d0 & limbMask) + (d4 >> 2) + (d4 & ~3)
    h1 = (d1 & limbMask) + (d0 >> 32)
    h2 = (d2 & limbMask) + (d1 >> 32)
    h3 = (d3 & limbMask) + (d2 >> 32)
    h4 = d4 & 3
  }
  store<u64>(sum, h0)
  store<u64>(sum, h1, 8)
  store<u64>(sum, h2, 16)
  store<u64>(sum, h3, 24)
  store<u64>(sum, h4, 32)
}

/** tag = (sum mod 2^130 - 5) + s mod 2^128 */
function writeTag(): void {
  let h0 = load<u64>(sum)
  let h1 = load<u64>(sum, 8)
  let h2 = load<u64>(sum, 16)
  let h3 = load<u64>(sum, 24)
  let h4 = load<u64>(sum, 32)
  // The second round is for what the first brings back at the bottom; it brings back nothing itself,
  // because the sum is below 2^131.
  for (let round = 0; round < 2; round++) {
    h1 += h0 >> 32
    h2 += h1 >> 32
    h3 += h2 >> 32
    h4 += h3 >> 32
    h0 = (h0 & limbMask) + (h4 >> 2) * 5
    h1 &= limbMask
    h2 &= limbMask
    h3 &= limbMask
    h4 &= 3
  }

  // sum + 5 reaches 2^130 exactly when sum is not below the prime; its lower bits are then the rest.
  const g0 = h0 + 5
  const g1 = h1 + (g0 >> 32)
  const g2 = h2 + (g1 >> 32)
  const g3 = h3 + (g2 >> 32)
  const g4 = h4 + (g3 >> 32)
  // All ones or all zeros: nothing here branches on a secret.
  const keep = (g4 >> 2) - 1
  const low = ((h0 | (h1 << 32)) & keep) | (((g0 & limbMask) | (g1 << 32)) & ~keep)
  const high = ((h2 | (h3 << 32)) & keep) | (((g2 & limbMask) | (g3 << 32)) & ~keep)

  const tagLow = low + load<u64>(oneTimeKey, 16)
  const carry: u64 = tagLow < low ? 1 : 0
  store<u64>(tag, tagLow)
  store<u64>(tag, high + load<u64>(oneTimeKey, 24) + carry, 8)
}
