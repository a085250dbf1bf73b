import { writeHex } from '../base/bytes.ts'
import type { PackId } from '../base/id.ts'
import type { IndexColumns } from './index-file.ts'
import type { PackColumns } from './pack-columns.ts'

/** A pack and what is in it, as index files list them. */
export interface IndexedPack {
  readonly id: PackId
  readonly blobs: PackColumns
}

/** The columns of an index file that lists these packs. */
export function indexColumns(packs: readonly IndexedPack[]): IndexColumns {
  const count = packs.reduce((sum, { blobs }) => sum + blobs.types.length, 0)
  const columns = {
    packs: new Uint8Array(packs.length * 32),
    ids: new Uint8Array(count * 32),
    pack: new Uint32Array(count),
    offset: new Uint32Array(count),
    length: new Uint32Array(count),
    uncompressedLength: new Uint32Array(count),
    types: new Uint8Array(count),
  }
  let row = 0
  for (const [position, { id, blobs }] of packs.entries()) {
    const end = row + blobs.types.length
    writeHex(id, columns.packs, position * 32)
    columns.ids.set(blobs.ids, row * 32)
    columns.pack.fill(position, row, end)
    columns.offset.set(blobs.offset, row)
    columns.length.set(blobs.length, row)
    columns.uncompressedLength.set(blobs.uncompressedLength, row)
    columns.types.set(blobs.types, row)
    row = end
  }
  return columns
}

/**
 * The JSON of an index file, as restic writes it:
 *
 *     {"packs":[{"id":"…","blobs":[{"id":"…","type":"data","offset":0,"length":52,
 *     "uncompressed_length":11},…]},…]}
 *
 * without blanks, with a line end behind it. The uncompressed length is left out when 0. Packs are
 * in the order of `packs`, the blobs of one in the order of their rows.
 */
export function formatIndexFile(columns: IndexColumns): Uint8Array {
  const packCount = columns.packs.length / 32
  const { starts, rows } = rowsByPack(columns.pack, packCount)
  const writer = new AsciiWriter(packCount * packJsonMax + rows.length * blobJsonMax + 32)
  writer.text(textStart)
  for (let pack = 0; pack < packCount; pack++) {
    writer.text(pack === 0 ? textFirstId : textNextId)
    writer.hex(columns.packs, pack * 32)
    writer.text(textBlobs)
    const end = starts[pack + 1] as number
    for (let at = starts[pack] as number; at < end; at++) {
      writer.text(at === starts[pack] ? textFirstId : textNextId)
      writeBlob(writer, columns, rows[at] as number)
    }
    writer.text(textPackEnd)
  }
  writer.text(textEnd)
  return writer.finish()
}

function writeBlob(writer: AsciiWriter, columns: IndexColumns, row: number): void {
  writer.hex(columns.ids, row * 32)
  writer.text(columns.types[row] === 1 ? textTree : textData)
  writer.unsigned(columns.offset[row] as number)
  writer.text(textLength)
  writer.unsigned(columns.length[row] as number)
  const uncompressedLength = columns.uncompressedLength[row] as number
  if (uncompressedLength !== 0) {
    writer.text(textUncompressedLength)
    writer.unsigned(uncompressedLength)
  }
  writer.text(textBlobEnd)
}

/** Rows of pack p are `rows[starts[p]]` up to `rows[starts[p + 1]]`, in their order. */
function rowsByPack(
  pack: Uint32Array,
  packCount: number,
): { readonly starts: Uint32Array; readonly rows: Uint32Array } {
  const starts = new Uint32Array(packCount + 1)
  for (const position of pack) starts[position + 1] = (starts[position + 1] as number) + 1
  for (let position = 0; position < packCount; position++) {
    starts[position + 1] = (starts[position + 1] as number) + (starts[position] as number)
  }
  const rows = new Uint32Array(pack.length)
  const next = starts.slice()
  for (const [row, position] of pack.entries()) {
    const at = next[position] as number
    rows[at] = row
    next[position] = at + 1
  }
  return { starts, rows }
}

const encoder = new TextEncoder()
const textStart = encoder.encode('{"packs":[')
const textFirstId = encoder.encode('{"id":"')
const textNextId = encoder.encode(',{"id":"')
const textBlobs = encoder.encode('","blobs":[')
const textData = encoder.encode('","type":"data","offset":')
const textTree = encoder.encode('","type":"tree","offset":')
const textLength = encoder.encode(',"length":')
const textUncompressedLength = encoder.encode(',"uncompressed_length":')
const textBlobEnd = encoder.encode('}')
const textPackEnd = encoder.encode(']}')
const textEnd = encoder.encode(']}\n')
/** With three numbers of ten digits. */
const blobJsonMax = 164
const packJsonMax = 85

const digitZero = 0x30
const hexDigits = encoder.encode('0123456789abcdef')

/** Fills memory of a size known beforehand. */
class AsciiWriter {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(lengthMax: number) {
    this.#bytes = new Uint8Array(lengthMax)
  }

  text(text: Uint8Array): void {
    for (let index = 0; index < text.length; index++) {
      this.#bytes[this.#at + index] = text[index] as number
    }
    this.#at += text.length
  }

  /** 32 bytes of `source` from `from` on, as hex. */
  hex(source: Uint8Array, from: number): void {
    let at = this.#at
    for (let index = from; index < from + 32; index++) {
      const byte = source[index] as number
      this.#bytes[at++] = hexDigits[byte >> 4] as number
      this.#bytes[at++] = hexDigits[byte & 15] as number
    }
    this.#at = at
  }

  /** A number below 2 ** 32, in decimal. */
  unsigned(value: number): void {
    let end = this.#at + 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end++
    let rest = value
    for (let at = end - 1; at >= this.#at; at--) {
      this.#bytes[at] = digitZero + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.#at = end
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }
}
