import type { DataSubset } from 'restic-core'
import { parseSize } from '../../shared/units.ts'

/** Reads `n/t`, `x%` or a size. Undefined for anything else, and for what is out of range. */
export function parseSubset(text: string): DataSubset | undefined {
  const [, part, of] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? []
  if (part !== undefined && of !== undefined) {
    return part >= 1 && part <= of && of <= 256 ? { part, of } : undefined
  }
  const [, percentText] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? []
  if (percentText !== undefined) {
    const percent = Number(percentText)
    return percent > 0 && percent <= 100 ? { percent } : undefined
  }
  const bytes = parseSize(text)
  return bytes !== undefined && bytes > 0 ? { bytes } : undefined
}
