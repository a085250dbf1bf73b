import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { rabinTables } from './rabin-tables.ts'

interface TableVectors {
  readonly out: Readonly<Record<string, string>>
  readonly mod: Readonly<Record<string, string>>
  readonly sha256_out: string
  readonly sha256_mod: string
}
interface ChunkerVectors {
  readonly polynomials: Readonly<Record<string, { readonly tables: TableVectors }>>
}

const file = new URL('../../../../fixtures/vectors/chunker.json', import.meta.url)
const { polynomials } = JSON.parse(readFileSync(file, 'utf8')) as ChunkerVectors

describe('the tables of the chunker', () => {
  it.each(Object.entries(polynomials))('are those of restic for %s', (polynomial, { tables }) => {
    const { out, mod } = rabinTables(BigInt(`0x${polynomial}`))
    for (const [byte, entry] of Object.entries(tables.out)) {
      expect(out[Number(byte)]?.toString(16)).toBe(entry)
    }
    for (const [byte, entry] of Object.entries(tables.mod)) {
      expect(mod[Number(byte)]?.toString(16)).toBe(entry)
    }
    expect(hash('sha256', hexEntries(out))).toBe(tables.sha256_out)
    expect(hash('sha256', hexEntries(mod))).toBe(tables.sha256_mod)
  })
})

/** 16 digits each, as chunker.json hashes them. */
function hexEntries(table: BigUint64Array): string {
  return Array.from(table, (entry) => entry.toString(16).padStart(16, '0')).join('')
}
