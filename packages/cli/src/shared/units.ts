const sizeFactors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
}

/**
 * A size as restic's options take it: a whole number and at most one letter of `bkmgt`, 1024-based.
 *
 * @returns bytes; undefined when `text` is no size
 */
export function parseSize(text: string): number | undefined {
  const [, digits, letter = ''] = /^(\d+)([bkmgt]?)$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const bytes = Number(digits) * (sizeFactors[letter.toLowerCase()] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

const msOfUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * A duration as Go writes it: `90s`, `1h30m`, `1.5h`, `0`.
 *
 * @returns milliseconds; undefined when `text` is no duration
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const unit = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y
  let total = 0
  let at = 0
  while (at < text.length) {
    unit.lastIndex = at
    const [whole, amount, name] = unit.exec(text) ?? []
    if (whole === undefined || name === undefined) return undefined
    total += Number(amount) * (msOfUnit[name] ?? Number.NaN)
    at += whole.length
  }
  return text === '' ? undefined : total
}

/** `1h30m0s`: as Go writes durations of a millisecond and more. */
export function formatGoDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  if (durationMs < 1000) return `${durationMs}ms`
  const seconds = (durationMs % 60_000) / 1000
  const minutes = Math.floor(durationMs / 60_000)
  if (minutes === 0) return `${seconds}s`
  return minutes < 60
    ? `${minutes}m${seconds}s`
    : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`
}

const sizeUnits = ['KiB', 'MiB', 'GiB', 'TiB']

/** `18 B`, `1.062 KiB`: three decimals, ties to the even digit as Go rounds them. */
export function formatSize(bytes: number | bigint): string {
  const exact = BigInt(bytes)
  if (exact < 1024n) return `${exact} B`
  let power = 1
  while (power < sizeUnits.length && exact >> BigInt(10 * (power + 1)) > 0n) power++
  const shift = BigInt(10 * power)
  const scaled = exact * 1000n
  const half = 1n << (shift - 1n)
  const rest = scaled & ((1n << shift) - 1n)
  let thousandths = scaled >> shift
  if (rest > half || (rest === half && thousandths % 2n === 1n)) thousandths++
  const decimals = (thousandths % 1000n).toString().padStart(3, '0')
  return `${thousandths / 1000n}.${decimals} ${sizeUnits[power - 1]}`
}

/** `12.34%`, never more than all of it; nothing when there is no whole. */
export function formatPercent(part: number, whole: number): string {
  if (whole === 0) return ''
  return `${Math.min(100, (100 * part) / whole).toFixed(2)}%`
}

/** `m:ss`, from an hour on `h:mm:ss`. */
export function formatElapsed(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${twoDigits(seconds % 60)}`
  return `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`
}

export function twoDigits(value: number): string {
  return value.toString().padStart(2, '0')
}
