import { nameToBytes } from '../format/name.ts'

/** Half of a character alone: a byte that is not UTF-8, or what only Windows allows in names. */
const surrogate = /[\ud800-\udfff]/

/**
 * A path of names in the encoding of format/name.ts, as node:fs takes it: the bytes themselves where
 * they are not all UTF-8. Windows has no such names, and takes no bytes.
 */
export function nativePath(path: string): string | Buffer {
  if (process.platform === 'win32' || !surrogate.test(path)) return path
  return Buffer.from(nameToBytes(path))
}
