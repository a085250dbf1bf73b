const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeDigits = 10
const randomDigits = 16

/** A ULID: 26 characters of Crockford's base32. */
export const instanceIdPattern: RegExp = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/**
 * A new instance id: 48 bits of time, so that ids sort by age for people, and 80 random bits, which
 * alone make it unique.
 *
 * @param nowMs milliseconds since 1970; a clock that is wrong does no harm
 */
export function mintInstanceId(nowMs: number, random: (length: number) => Uint8Array): string {
  const time = BigInt(Math.max(0, Math.trunc(nowMs))) & 0xffff_ffff_ffffn
  let chance = 0n
  for (const byte of random(10)) chance = (chance << 8n) | BigInt(byte)
  return encode(time, timeDigits) + encode(chance, randomDigits)
}

function encode(value: bigint, length: number): string {
  let text = ''
  for (let at = length - 1; at >= 0; at--) text += digits[Number((value >> BigInt(5 * at)) & 31n)]
  return text
}

/** Eight random characters that name this folder among those that push to one instance. */
export function mintDeviceId(random: (length: number) => Uint8Array): string {
  return Array.from(random(8), (byte) => digits[byte & 31]).join('')
}
