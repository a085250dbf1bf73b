import type { PackId } from '../../base/id.ts'
import type { PackSizes } from './check-packs.ts'

/** Which packs to read. */
export type DataSubset =
  /** the packs whose first byte, modulo `of`, is `part - 1`; `of` is at most 256 */
  | { readonly part: number; readonly of: number }
  /** packs drawn by lot: this many per cent of them, above 0 and up to 100; one at least */
  | { readonly percent: number }
  /** packs drawn by lot: as many per cent of them as this is of all bytes */
  | { readonly bytes: number }

/**
 * The numbers of the packs to read, in the order of the index.
 *
 * @param packId the name of a pack
 * @param random bytes to draw lots with
 * @throws RangeError when the subset is none of the above
 */
export function choosePacks(
  sizes: PackSizes,
  subset: 'all' | DataSubset,
  packId: (pack: number) => PackId,
  random: (length: number) => Uint8Array,
): number[] {
  const packs = [...sizes.keys()].toSorted((a, b) => a - b)
  if (subset === 'all') return packs
  if ('part' in subset) {
    const { part, of } = subset
    if (!(of >= 1 && of <= 256 && part >= 1 && part <= of)) {
      throw new RangeError(`there is no part ${part} of ${of}`)
    }
    return packs.filter((pack) => Number.parseInt(packId(pack).slice(0, 2), 16) % of === part - 1)
  }
  const percent = 'percent' in subset ? subset.percent : percentOfBytes(sizes, subset.bytes)
  if (!(percent > 0 && percent <= 100))
    throw new RangeError(`${percent} % is not above 0 up to 100`)
  const count = Math.max(1, Math.floor((packs.length * percent) / 100))
  return drawLots(packs, count, random).toSorted((a, b) => a - b)
}

function percentOfBytes(sizes: PackSizes, bytes: number): number {
  let total = 0
  for (const size of sizes.values()) total += size
  return total === 0 ? 100 : Math.min(100, (bytes / total) * 100)
}

/** Fisher and Yates: the first `count` of a shuffle. */
function drawLots(
  packs: readonly number[],
  count: number,
  random: (length: number) => Uint8Array,
): number[] {
  const pool = [...packs]
  const drawn: number[] = []
  while (drawn.length < count && pool.length > 0) {
    const bytes = random(4)
    const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    const at = Math.floor((word / 2 ** 32) * pool.length)
    drawn.push(pool[at] as number)
    pool[at] = pool.at(-1) as number
    pool.pop()
  }
  return drawn
}
