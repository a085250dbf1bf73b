import * as z from 'zod'
import { CorruptDataError } from '../base/errors.ts'
import { fromBase64 } from './base64.ts'
import { isTime, zeroTime } from './time.ts'

/**
 * How deep arrays and objects may nest. The format itself nests six deep; what a newer writer adds
 * is kept as it is, and must not overflow the stack of whoever walks it.
 */
export const jsonDepthMax = 200

/** Nothing that is escaped, and no surrogates, which may be lone. */
const plainText = /^[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*$/
const escapedByGo = /\\\\|\\ud[89a-f][0-9a-f]{2}|[<>&\u2028\u2029]/g

/** A JSON string with Go's escapes. Bytes that are not UTF-8, as lone surrogates, become U+FFFD. */
export function jsonString(text: string): string {
  return plainText.test(text) ? `"${text}"` : jsonText(text)
}

/**
 * A value as Go's encoder writes it. That differs from JSON.stringify in few places: it escapes
 * < > & and the two line separators, and it has the escape of U+FFFD for what is not Unicode.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(escapedByGo, (found) => {
    if (found === '\\\\') return found
    if (found.startsWith('\\')) return '\\ufffd'
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** An object with its members in the order given; undefined ones are left out. */
export function formatJsonObject(members: Iterable<readonly [string, unknown]>): string {
  const texts: string[] = []
  for (const [key, value] of members) {
    if (value !== undefined) texts.push(`${jsonString(key)}:${jsonText(value)}`)
  }
  return `{${texts.join(',')}}`
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}

interface ParsedObject<Value> {
  readonly value: Value
  /** What the schema does not name. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** @throws CorruptDataError check 'json' */
export function parseJsonObject<Schema extends z.ZodObject>(
  schema: Schema,
  json: Uint8Array,
  what: string,
): ParsedObject<z.infer<Schema>> {
  let raw: unknown
  try {
    raw = JSON.parse(decoder.decode(json))
  } catch (cause) {
    throw new CorruptDataError(what, 'json', { cause })
  }
  const parsed = schema.safeParse(raw)
  if (!parsed.success) throw new CorruptDataError(what, 'json', { cause: parsed.error })
  const extra = unknownMembers(raw as object, schema)
  if (!nestsWithin(extra, jsonDepthMax)) throw new CorruptDataError(what, 'json')
  return { value: parsed.data, extra }
}

/** The members of `raw` that `schema` has no place for. */
export function unknownMembers(raw: object, schema: z.ZodObject): Record<string, unknown> {
  const members = Object.entries(raw).filter(([key]) => !Object.hasOwn(schema.shape, key))
  return Object.fromEntries(members)
}

function nestsWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((member) => nestsWithin(member, depth - 1))
}

// What restic's decoder makes of a key that is absent or null: the zero of its type.

export const jsonTime: z.ZodType<string> = z
  .string()
  .refine(isTime)
  .nullish()
  .transform((time) => time ?? zeroTime)

export const jsonWord: z.ZodType<string> = z
  .string()
  .nullish()
  .transform((text) => text ?? '')

export const jsonWords: z.ZodType<readonly string[]> = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? [])

export const jsonCount: z.ZodType<number> = z
  .int()
  .min(0)
  .nullish()
  .transform((count) => count ?? 0)

export const jsonU32: z.ZodType<number> = z
  .int()
  .min(0)
  .max(0xffff_ffff)
  .nullish()
  .transform((count) => count ?? 0)

export const jsonId: z.ZodType<string> = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/)
  .transform((id) => id.toLowerCase())

export const jsonBytes: z.ZodType<Uint8Array> = z.string().transform((text, context) => {
  const bytes = fromBase64(text)
  if (bytes !== undefined) return bytes
  context.addIssue('not base64')
  return z.NEVER
})
