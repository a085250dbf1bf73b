const prime = (1n << 130n) - 5n
const clampMask = 0x0ffffffc0ffffffc0ffffffc0fffffffn

/**
 * Poly1305 as its definition reads: the message, in blocks of 16 bytes with a 1 appended to each,
 * is a polynomial, evaluated at r modulo 2^130 - 5. What the fast ones are tested against.
 *
 * Source: RFC 8439, section 2.5.
 *
 * @param oneTimeKey 32 bytes, `r` then `s`, little-endian
 */
export function referencePoly1305(oneTimeKey: Uint8Array, data: Uint8Array): Uint8Array {
  if (oneTimeKey.length !== 32) throw new RangeError('a Poly1305 key has 32 bytes')
  const r = littleEndian(oneTimeKey.subarray(0, 16)) & clampMask
  const s = littleEndian(oneTimeKey.subarray(16))
  let sum = 0n
  for (let at = 0; at < data.length; at += 16) {
    const block = data.subarray(at, at + 16)
    const appendedOne = 1n << BigInt(8 * block.length)
    sum = ((sum + littleEndian(block) + appendedOne) * r) % prime
  }
  return Uint8Array.from({ length: 16 }, (_, index) =>
    Number(((sum + s) >> BigInt(8 * index)) & 0xffn),
  )
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}
