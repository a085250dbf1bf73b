import type { Command } from 'commander'
import * as z from 'zod'
import { Failure } from '../shared/failure.ts'
import { parseDuration, parseSize } from '../shared/units.ts'

/** Gathers the values of a flag that may be repeated. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}

/** Counts a flag that says more when it is repeated. */
export function counted(_: unknown, before: number | undefined): number {
  return (before ?? 0) + 1
}

/** The value of a flag, read by `parse`, which gives undefined for what it does not understand. */
function flagValue<Value>(
  flag: string,
  parse: (text: string) => Value | undefined,
  complaint: string,
): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: ${complaint}`)
    return z.NEVER
  })
}

export function sizeFlag(flag: string): z.ZodType<number, string> {
  return flagValue(flag, parseSize, 'not a size like 512, 10k or 2G')
}

export function durationFlag(flag: string): z.ZodType<number, string> {
  return flagValue(flag, parseDuration, 'not a duration like 90s or 1h30m')
}

export function numberFlag(flag: string): z.ZodType<number, string> {
  return flagValue(flag, parseCount, 'not a whole number')
}

function parseCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

export function choiceFlag<const Choice extends string>(
  flag: string,
  choices: readonly Choice[],
): z.ZodType<Choice, string> {
  const parse = (text: string) => choices.find((choice) => choice === text)
  return flagValue(flag, parse, `must be one of (${choices.join('|')})`)
}

/** The values of a flag that may be repeated; none when it is not given. */
export const repeatedFlag: z.ZodType<readonly string[], readonly string[] | undefined> = z
  .array(z.string())
  .default([])
  .readonly()

/** A flag without a value. */
export const switchFlag: z.ZodType<boolean, boolean | undefined> = z.boolean().default(false)

/** @throws Failure with the first complaint */
export function parseFlags<Options>(schema: z.ZodType<Options>, values: unknown): Options {
  const parsed = schema.safeParse(values)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Failure(issue?.message ?? 'invalid arguments', { isUsage: true })
}

/**
 * The words in a value that may hold several, separated by commas. A word that holds a comma or a
 * quote stands in double quotes, with quotes doubled inside.
 *
 * @throws Failure when a quote is left open or stands inside a word
 */
export function splitCsv(text: string): string[] {
  const words: string[] = []
  const word = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  for (;;) {
    const [whole, quoted, plain = '', separator] = word.exec(text) ?? []
    if (whole === undefined) throw new Failure(`parse error: bare " in ${text}`, { isUsage: true })
    words.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (separator === '') return words
  }
}

/** The tags in a value: separated by commas, trimmed, without empty ones. */
export function splitTags(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
}

/** `--host`, `--tag` and `--path`, which most commands take to choose snapshots. */
export function declareSnapshotFilter(command: Command): void {
  command
    .option('-H, --host <host>', 'only consider snapshots of this host (repeatable)', repeated)
    .option('--tag <tags>', 'only consider snapshots with all of these tags (repeatable)', repeated)
    .option(
      '--path <path>',
      'only consider snapshots that include this path (repeatable)',
      repeated,
    )
}
