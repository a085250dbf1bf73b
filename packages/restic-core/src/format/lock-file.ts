import * as z from 'zod'
import { encodeText, formatJsonObject } from './json.ts'
import { jsonTime, jsonU32, jsonWord, parseJsonObject } from './json-schema.ts'

/** Somebody uses the repository: together with others, or alone. */
export interface LockFile {
  /** of the last refresh, in the form of format/time.ts */
  readonly time: string
  readonly exclusive: boolean
  readonly hostname: string
  readonly username: string
  readonly pid: number
  /** 0 on systems without user numbers too */
  readonly uid: number
  readonly gid: number
}

const lockJson = z.object({
  time: jsonTime,
  exclusive: z
    .boolean()
    .nullish()
    .transform((exclusive) => exclusive ?? false),
  hostname: jsonWord,
  username: jsonWord,
  pid: z
    .int()
    .nullish()
    .transform((pid) => pid ?? 0),
  uid: jsonU32,
  gid: jsonU32,
})

/** @throws CorruptDataError check 'json' */
export function parseLockFile(json: Uint8Array, what: string): LockFile {
  return parseJsonObject(lockJson, json, what).value
}

export function formatLockFile(lock: LockFile): Uint8Array {
  return encodeText(
    formatJsonObject([
      ['time', lock.time],
      ['exclusive', lock.exclusive],
      ['hostname', lock.hostname],
      ['username', lock.username],
      ['pid', lock.pid],
      ['uid', lock.uid || undefined],
      ['gid', lock.gid || undefined],
    ]),
  )
}
