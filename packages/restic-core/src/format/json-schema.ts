import * as z from 'zod'
import { CorruptDataError } from '../base/errors.ts'
import { fromBase64 } from './base64.ts'
import { jsonDepthMax } from './json.ts'
import { isTime, zeroTime } from './time.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

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
