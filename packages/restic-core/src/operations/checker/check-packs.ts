import type { PackId } from '../../base/id.ts'
import { packHeaderLength } from '../../format/pack-header.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import type { BlobRow } from '../../work/blob-table.ts'
import type { CheckOptions } from './check.ts'
import type { Finding } from './findings.ts'

/** Bytes of every pack that the index names and the store has, by the pack's number in the index. */
export type PackSizes = ReadonlyMap<number, number>

/** Compares the packs that the index names with those that the store has. */
export async function* checkPacks(
  repository: IndexedRepository,
  { signal, onEvent }: CheckOptions,
): AsyncGenerator<Finding, PackSizes> {
  const { index } = repository
  const total = index.table.packCount
  const numbers = new Map<string, number>()
  for (let number = 0; number < total; number++) numbers.set(index.packId(number), number)
  const layout = index.byPack()
  const sizes = new Map<number, number>()
  onEvent?.({ type: 'checked', stage: 'packs', done: 0, total })
  for await (const { name, size } of repository.listFiles('pack', { signal })) {
    const pack = name as PackId
    const what = `pack ${pack}`
    const number = numbers.get(name)
    if (number === undefined) {
      const text = 'no index file names it; nothing uses it'
      yield { kind: 'pack-unused', severity: 'hint', advice: 'prune', pack, what, text }
      continue
    }
    sizes.set(number, size)
    onEvent?.({ type: 'checked', stage: 'packs', done: sizes.size, total })
    const expected = expectedSize(rowsOf(repository, layout, number))
    if (size === expected) continue
    const text = `unexpected file size: got ${size}, expected ${expected}`
    yield { kind: 'pack-broken', severity: 'error', pack, what, text }
  }
  for (let number = 0; number < total; number++) {
    const pack = index.packId(number)
    const what = `pack ${pack}`
    if (!sizes.has(number)) {
      yield { kind: 'pack-lost', severity: 'error', pack, what, text: 'does not exist' }
    }
    if (isMixed(repository, layout, number)) {
      const text = 'it has both trees and file content in it'
      yield { kind: 'pack-mixed', severity: 'hint', advice: 'prune', pack, what, text }
    }
  }
  return sizes
}

type Layout = ReturnType<IndexedRepository['index']['byPack']>

function entriesOf({ starts, entries }: Layout, pack: number): Uint32Array {
  return entries.subarray(starts[pack], starts[pack + 1])
}

function rowsOf({ index }: IndexedRepository, layout: Layout, pack: number): BlobRow[] {
  return Array.from(entriesOf(layout, pack), (entry) => index.table.row(entry))
}

function expectedSize(rows: readonly BlobRow[]): number {
  return rows.reduce((sum, { length }) => sum + length, packHeaderLength(rows))
}

function isMixed({ index }: IndexedRepository, layout: Layout, pack: number): boolean {
  const [first, ...others] = entriesOf(layout, pack)
  if (first === undefined) return false
  const type = index.table.type(first)
  return others.some((entry) => index.table.type(entry) !== type)
}
