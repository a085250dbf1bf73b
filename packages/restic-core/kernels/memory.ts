/**
 * Where things are in the memory of the kernels, in bytes. Nothing is allocated here.
 * src/portable/wasm-kernels.ts reads and writes the same places, and keeps its data above them.
 */

/** 256 digests of 64 bits: what the byte that leaves the window takes with it. */
export const leaveTable: usize = 1024
/** 256 numbers of 64 bits: what reduces a digest that was shifted by one byte. */
export const reduceTable: usize = 3072
/** 32 bytes: r, then s. */
export const oneTimeKey: usize = 5120
/** 16 bytes. */
export const tag: usize = 5152
/** 16 bytes: the last block of a message, padded. */
export const lastBlock: usize = 5168
/** The clamped r: four limbs of 32 bits. */
export const factor: usize = 5184
/** The sum so far: five limbs in 64 bits each. */
export const sum: usize = 5200
