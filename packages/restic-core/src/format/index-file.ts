import { JsonReader, KnownStrings, brace, bracket } from './json-reader.ts'
import { sealOverhead } from './seal.ts'

/**
 * Which blobs lie where, in columns: an index file names up to some 50,000 blobs, and an object for
 * each costs more than reading it. Row i of every blob column is blob i. Offsets and lengths are bytes.
 */
export interface IndexColumns {
  /** names of the packs, 32 bytes each */
  readonly packs: Uint8Array
  /** ids of the blobs, 32 bytes each */
  readonly ids: Uint8Array
  /** position in `packs`, in packs */
  readonly pack: Uint32Array
  readonly offset: Uint32Array
  /** sealed: with nonce and MAC */
  readonly length: Uint32Array
  /** 0 when the blob is stored without compression */
  readonly uncompressedLength: Uint32Array
  /** 0 data, 1 tree */
  readonly types: Uint8Array
}

/** The memory of all columns, to be moved to another thread. */
export function columnBuffers(columns: IndexColumns): ArrayBuffer[] {
  return Object.values(columns).map(
    (column: Uint8Array | Uint32Array) => column.buffer,
  ) as ArrayBuffer[]
}

const u32Max = 0xffff_ffff
const typeData = 0
const typeTree = 1

const indexMembers = new KnownStrings(['packs'])
const packMembers = new KnownStrings(['id', 'blobs'])
/** In the order in which restic writes them. */
const blobMembers = new KnownStrings(['id', 'type', 'offset', 'length', 'uncompressed_length'])
const typeWords = new KnownStrings(['data', 'tree'])

/**
 * Reads the JSON of an index file, straight into columns. Members it does not know are passed over,
 * as restic does; the members of a blob may come in any order.
 *
 * @throws CorruptDataError check 'json', or 'value' for a number, an id or a type that cannot be
 */
export function parseIndexFile(json: Uint8Array, what: string): IndexColumns {
  const reader = new JsonReader(json, what)
  const columns = new ColumnBuilder(json.length)
  for (let more = reader.enter(brace); more; more = reader.next(brace)) {
    if (reader.member(indexMembers) !== 'packs') reader.skip()
    else if (!reader.takeNull()) readPacks(reader, columns)
  }
  reader.end()
  return columns.finish()
}

function readPacks(reader: JsonReader, columns: ColumnBuilder): void {
  for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
    const pack = columns.addPack()
    let hasId = false
    for (let inside = reader.enter(brace); inside; inside = reader.next(brace)) {
      const member = reader.member(packMembers)
      if (member === 'id') {
        reader.hexBytes(columns.packs, pack * 32)
        hasId = true
      } else if (member !== 'blobs') reader.skip()
      else if (!reader.takeNull()) readBlobs(reader, columns)
    }
    if (!hasId) throw reader.damaged()
  }
}

function readBlobs(reader: JsonReader, columns: ColumnBuilder): void {
  for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
    readBlob(reader, columns, columns.addBlob())
  }
}

const allRequired = 0b1111

function readBlob(reader: JsonReader, columns: ColumnBuilder, row: number): void {
  let seen = 0
  for (let more = reader.enter(brace); more; more = reader.next(brace)) {
    switch (reader.member(blobMembers)) {
      case 'id':
        reader.hexBytes(columns.ids, row * 32)
        seen |= 0b0001
        break
      case 'type':
        columns.types[row] = readType(reader)
        seen |= 0b0010
        break
      case 'offset':
        columns.offset[row] = reader.unsigned(u32Max)
        seen |= 0b0100
        break
      case 'length':
        columns.length[row] = reader.unsigned(u32Max)
        seen |= 0b1000
        break
      case 'uncompressed_length':
        columns.uncompressedLength[row] = reader.unsigned(u32Max)
        break
      default:
        reader.skip()
    }
  }
  if (seen !== allRequired) throw reader.damaged()
  if ((columns.length[row] as number) < sealOverhead) throw reader.damaged('value')
}

function readType(reader: JsonReader): number {
  const type = reader.word(typeWords)
  if (type === 'data') return typeData
  if (type === 'tree') return typeTree
  throw reader.damaged('value')
}

/** `{"id":"…","type":"data","offset":0,"length":44}`: no blob takes fewer bytes of JSON. */
const blobJsonMin = 110
/** `{"id":"…"}` */
const packJsonMin = 73

/** Columns as long as the JSON could fill them; `finish` cuts them to what it did fill. */
class ColumnBuilder {
  readonly packs: Uint8Array
  readonly ids: Uint8Array
  readonly pack: Uint32Array
  readonly offset: Uint32Array
  readonly length: Uint32Array
  readonly uncompressedLength: Uint32Array
  readonly types: Uint8Array
  packCount = 0
  blobCount = 0

  constructor(jsonLength: number) {
    const packMax = Math.floor(jsonLength / packJsonMin) + 1
    const blobMax = Math.floor(jsonLength / blobJsonMin) + 1
    this.packs = new Uint8Array(packMax * 32)
    this.ids = new Uint8Array(blobMax * 32)
    this.pack = new Uint32Array(blobMax)
    this.offset = new Uint32Array(blobMax)
    this.length = new Uint32Array(blobMax)
    this.uncompressedLength = new Uint32Array(blobMax)
    this.types = new Uint8Array(blobMax)
  }

  /** @returns the new pack's position */
  addPack(): number {
    return this.packCount++
  }

  /** A blob in the pack added last. @returns its row */
  addBlob(): number {
    this.pack[this.blobCount] = this.packCount - 1
    return this.blobCount++
  }

  finish(): IndexColumns {
    const { packCount, blobCount } = this
    return {
      packs: this.packs.slice(0, packCount * 32),
      ids: this.ids.slice(0, blobCount * 32),
      pack: this.pack.slice(0, blobCount),
      offset: this.offset.slice(0, blobCount),
      length: this.length.slice(0, blobCount),
      uncompressedLength: this.uncompressedLength.slice(0, blobCount),
      types: this.types.slice(0, blobCount),
    }
  }
}
