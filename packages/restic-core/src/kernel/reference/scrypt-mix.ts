import type { Kernel } from '../kernel.ts'

/** scryptROMix as RFC 7914 writes it, sections 3 to 5. */
export const referenceScryptMix: Kernel['scryptMix'] = (blocks, { N, r }) => {
  const length = 128 * r
  for (let at = 0; at < blocks.length; at += length) {
    blocks.set(romix(blocks.subarray(at, at + length), N), at)
  }
}

function romix(block: Uint8Array, N: number): Uint8Array {
  let x: Uint32Array = words(block)
  const v: Uint32Array[] = []
  for (let i = 0; i < N; i++) {
    v.push(x)
    x = blockMix(x)
  }
  for (let i = 0; i < N; i++) {
    const integerify = x[x.length - 16] as number
    x = blockMix(xor(x, v[integerify & (N - 1)] as Uint32Array))
  }
  return bytes(x)
}

/** Of 2 · r pieces of 16 words: those with an even place first, then the others. */
function blockMix(block: Uint32Array): Uint32Array {
  const result = new Uint32Array(block.length)
  const half = block.length / 2
  let x: Uint32Array = block.slice(-16)
  for (let at = 0; at < block.length; at += 16) {
    x = salsa(xor(x, block.subarray(at, at + 16)))
    const place = (at >> 5) << 4
    result.set(x, at % 32 === 0 ? place : half + place)
  }
  return result
}

/** Salsa20/8: the columns of a square of four by four words, then its rows, four times. */
function salsa(input: Uint32Array): Uint32Array {
  const x = input.slice()
  for (let doubleRound = 0; doubleRound < 4; doubleRound++) {
    for (let column = 0; column < 4; column++) {
      quarterRound(
        x,
        [0, 4, 8, 12].map((row) => (5 * column + row) % 16),
      )
    }
    for (let row = 0; row < 4; row++) {
      quarterRound(
        x,
        [0, 1, 2, 3].map((column) => 4 * row + ((row + column) % 4)),
      )
    }
  }
  return x.map((word, i) => word + (input[i] as number))
}

function quarterRound(x: Uint32Array, places: readonly number[]): void {
  const steps = [
    [1, 0, 3, 7],
    [2, 1, 0, 9],
    [3, 2, 1, 13],
    [0, 3, 2, 18],
  ] as const
  const at = (place: number): number => places[place] as number
  for (const [changed, one, other, bits] of steps) {
    const sum = ((x[at(one)] as number) + (x[at(other)] as number)) | 0
    x[at(changed)] = (x[at(changed)] as number) ^ ((sum << bits) | (sum >>> (32 - bits)))
  }
}

function xor(a: Uint32Array, b: Uint32Array): Uint32Array {
  return a.map((word, i) => word ^ (b[i] as number))
}

function words(block: Uint8Array): Uint32Array {
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  return Uint32Array.from({ length: block.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}

function bytes(block: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * block.length))
  block.forEach((word, i) => view.setUint32(4 * i, word, true))
  return new Uint8Array(view.buffer)
}
