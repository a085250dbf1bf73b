import { createHash } from 'node:crypto'
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { equalBytes, fromHex, toHex } from '../base/bytes.ts'
import { type IndexId, asId } from '../base/id.ts'
import type { IndexColumns } from '../format/index-file.ts'
import type { IndexCache } from '../repository/index/index-cache.ts'
import { makeFolders } from './folders.ts'

/** Another number makes older files odd, and so absent. */
const magic = new TextEncoder().encode('resticX1')
const headerLength = 40
const temporaryAgeMaxMs = 24 * 60 * 60_000

/** One index file in the document: its id, then the columns of `IndexColumns` in their order. */
type Segment = readonly [
  id: Uint8Array,
  packs: Uint8Array,
  ids: Uint8Array,
  pack: Uint32Array,
  offset: Uint32Array,
  length: Uint32Array,
  uncompressedLength: Uint32Array,
  types: Uint8Array,
]

/**
 * Keeps parsed index files in one file of this machine:
 *
 *     offset  size  field
 *          0     8  "resticX1"
 *          8    32  SHA-256 of the rest
 *         40     n  CBOR: a list of segments, one for each index file, of typed arrays
 *
 * What cannot be read, fails the hash or does not fit together counts as absent.
 */
export function nodeIndexCache(path: string): IndexCache {
  return {
    async load() {
      try {
        return await parse(new Uint8Array(await readFile(path)))
      } catch {
        // Whatever is wrong with it, the repository has it all.
        return new Map()
      }
    },

    async save(files) {
      makeFolders(dirname(path), 0o700)
      await removeOldTemporaries(path)
      const temporary = `${path}.tmp-${process.pid}-${process.hrtime.bigint()}`
      try {
        await writeFile(temporary, await format(files), { flag: 'wx', mode: 0o600 })
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
  }
}

/** The package is loaded when it is first needed: half of all commands never read an index. */
async function codec(): Promise<{
  encode(value: unknown): Uint8Array
  decode(bytes: Uint8Array): unknown
}> {
  const { Encoder } = await import('cbor-x')
  return new Encoder({ useRecords: false, tagUint8Array: false })
}

async function format(files: ReadonlyMap<IndexId, IndexColumns>): Promise<Uint8Array[]> {
  const segments = [...files].map(([id, columns]): Segment => [
    fromHex(id),
    columns.packs,
    columns.ids,
    columns.pack,
    columns.offset,
    columns.length,
    columns.uncompressedLength,
    columns.types,
  ])
  const document = (await codec()).encode(segments)
  return [magic, sha256(document), document]
}

async function parse(bytes: Uint8Array): Promise<Map<IndexId, IndexColumns>> {
  const document = bytes.subarray(headerLength)
  if (!equalBytes(bytes.subarray(0, magic.length), magic)) throw new TypeError('another format')
  if (!equalBytes(bytes.subarray(magic.length, headerLength), sha256(document))) {
    throw new TypeError('damaged')
  }
  const segments = (await codec()).decode(document) as readonly Segment[]
  return new Map(segments.map((segment) => [asId<'index'>(toHex(segment[0])), columnsOf(segment)]))
}

function columnsOf(segment: Segment): IndexColumns {
  const [, packs, ids, pack, offset, length, uncompressedLength, types] = segment
  const columns: IndexColumns = { packs, ids, pack, offset, length, uncompressedLength, types }
  const count = ids.length / 32
  const packCount = packs.length / 32
  const fits =
    [packs, ids, types].every((column) => column instanceof Uint8Array) &&
    [pack, offset, length, uncompressedLength].every((column) => column instanceof Uint32Array) &&
    [pack, offset, length, uncompressedLength, types].every((column) => column.length === count) &&
    Number.isInteger(packCount) &&
    pack.every((position) => position < packCount)
  if (!fits) throw new TypeError('columns that do not fit together')
  return columns
}

/** What a process left that was killed while it wrote. */
async function removeOldTemporaries(path: string): Promise<void> {
  const folder = dirname(path)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(path)}.tmp-`)) continue
    const temporary = join(folder, name)
    const { mtimeMs } = await stat(temporary)
    if (Date.now() - mtimeMs > temporaryAgeMaxMs) await rm(temporary, { force: true })
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
