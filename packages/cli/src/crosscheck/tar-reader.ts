import { createHash } from 'node:crypto'
import { nameFromBytes } from 'restic-core/format'

/** An entry of a tar archive; its content was read past, and only its hash is left. */
export interface TarEntry {
  /** as in the archive, without a slash at the end; bytes that are no text as in format/name.ts */
  readonly path: string
  readonly type: 'file' | 'dir' | 'symlink'
  readonly linkTarget: string
  readonly user: string
  readonly group: string
  /** bytes */
  readonly size: number
  /** SHA-256 of the content, hex; of files only */
  readonly sha256: string
  /** values in hex */
  readonly attributes: ReadonlyMap<string, string>
}

const blockLength = 512
/** Far more than the headers of one entry take; a larger one is damage. */
const extraLengthMax = 64 * 1024 * 1024

/**
 * Reads a tar archive as it comes, with PAX and GNU headers, and keeps nothing of the contents.
 *
 * One block of 512 bytes per entry, numbers in octal text:
 *
 *     offset  size  field
 *          0   100  path
 *        124    12  size
 *        148     8  checksum: the sum of the block's bytes with this field as blanks
 *        156     1  type: 0 file, 2 symlink, 5 directory, x PAX records, L long path, K long target
 *        157   100  link target
 *        265    32  user name
 *        297    32  group name
 *        345   155  start of the path, when there is one
 *
 * Source: POSIX.1-2001, pax, "ustar Interchange Format".
 * @throws Error when the archive is cut short or no tar
 */
export async function* readTar(input: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const stream = new ByteStream(input)
  let records: ReadonlyMap<string, Uint8Array> = new Map()
  for (;;) {
    const block = await stream.read(blockLength)
    if (block.every((byte) => byte === 0)) break
    const header = parseHeader(block)
    if (header.type === 'x' || header.type === 'L' || header.type === 'K') {
      if (header.size > extraLengthMax) throw new Error('tar: a header is too long')
      const extra = await stream.read(header.size)
      await stream.skip(padding(header.size))
      records = new Map([...records, ...extraRecords(header.type, extra)])
      continue
    }
    yield await readEntry(stream, header, records)
    records = new Map()
  }
  await stream.end()
}

interface Header {
  readonly path: Uint8Array
  readonly size: number
  readonly type: string
  readonly linkTarget: Uint8Array
  readonly user: Uint8Array
  readonly group: Uint8Array
}

function parseHeader(block: Uint8Array): Header {
  const expected = numberIn(block.subarray(148, 156))
  let sum = 0
  for (const [at, byte] of block.entries()) sum += at >= 148 && at < 156 ? 32 : byte
  if (sum !== expected) throw new Error('tar: a header has a wrong checksum')
  const isPosix = textUntilNul(block.subarray(257, 262)).toString() === 'ustar'
  const start = isPosix && block[262] === 0 ? textUntilNul(block.subarray(345, 500)) : Buffer.of()
  const name = textUntilNul(block.subarray(0, 100))
  return {
    path: start.length === 0 ? name : Buffer.concat([start, Buffer.from('/'), name]),
    size: numberIn(block.subarray(124, 136)),
    type: String.fromCharCode(block[156] ?? 0),
    linkTarget: textUntilNul(block.subarray(157, 257)),
    user: textUntilNul(block.subarray(265, 297)),
    group: textUntilNul(block.subarray(297, 329)),
  }
}

/** Octal text; with the highest bit set, GNU's form of a big-endian number. */
function numberIn(field: Uint8Array): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    return field.subarray(1).reduce((value, byte) => value * 256 + byte, (field[0] ?? 0) & 0x7f)
  }
  const text = textUntilNul(field).toString('latin1').trim()
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function textUntilNul(field: Uint8Array): Buffer {
  const end = field.indexOf(0)
  return Buffer.from(end < 0 ? field : field.subarray(0, end))
}

function extraRecords(type: 'x' | 'L' | 'K', extra: Uint8Array): Map<string, Uint8Array> {
  if (type === 'L') return new Map([['path', textUntilNul(extra)]])
  if (type === 'K') return new Map([['linkpath', textUntilNul(extra)]])
  return paxRecords(extra)
}

/** Each record is `length key=value\n`, and its length counts all of it. */
function paxRecords(extra: Uint8Array): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>()
  for (let at = 0; at < extra.length;) {
    const blank = extra.indexOf(32, at)
    const equals = extra.indexOf(61, blank)
    const length = Number(Buffer.from(extra.subarray(at, blank)).toString('latin1'))
    const isSound =
      blank > at && equals > blank && length > equals - at && at + length <= extra.length
    if (!isSound) throw new Error('tar: a PAX record is damaged')
    const key = nameFromBytes(extra.subarray(blank + 1, equals))
    records.set(key, extra.slice(equals + 1, at + length - 1))
    at += length
  }
  return records
}

const attributePrefix = 'SCHILY.xattr.'

async function readEntry(
  stream: ByteStream,
  header: Header,
  records: ReadonlyMap<string, Uint8Array>,
): Promise<TarEntry> {
  const text = (key: string, fallback: Uint8Array): string =>
    nameFromBytes(records.get(key) ?? fallback)
  const sizeText = text('size', Buffer.of())
  const size = sizeText === '' ? header.size : Number(sizeText)
  const types = { '0': 'file', '\0': 'file', '2': 'symlink', '5': 'dir' } as const
  const type = Object.entries(types).find(([letter]) => letter === header.type)?.[1]
  const path = text('path', header.path).replace(/\/$/, '')
  if (type === undefined) throw new Error(`tar: ${path} has the unknown type ${header.type}`)
  const hash = createHash('sha256')
  if (type === 'file') {
    for await (const chunk of stream.take(size)) hash.update(chunk)
    await stream.skip(padding(size))
  }
  const attributes = [...records]
    .filter(([key]) => key.startsWith(attributePrefix))
    .map(([key, value]) => [key.slice(attributePrefix.length), toHex(value)] as const)
  return {
    path,
    type,
    linkTarget: text('linkpath', header.linkTarget),
    user: text('uname', header.user),
    group: text('gname', header.group),
    size: type === 'file' ? size : 0,
    sha256: type === 'file' ? hash.digest('hex') : '',
    attributes: new Map(attributes),
  }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function padding(size: number): number {
  return (blockLength - (size % blockLength)) % blockLength
}

/** Takes a stream in pieces of wanted lengths. */
class ByteStream {
  readonly #input: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array()

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]()
  }

  async *take(length: number): AsyncGenerator<Uint8Array, void> {
    let left = length
    while (left > 0) {
      if (this.#chunk.length === 0) await this.#next()
      const piece = this.#chunk.subarray(0, left)
      this.#chunk = this.#chunk.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async read(length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.take(length)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  async skip(length: number): Promise<void> {
    await this.read(length)
  }

  /** Lets the writer finish: it may still write blocks of zeros. */
  async end(): Promise<void> {
    while ((await this.#input.next()).done !== true);
  }

  async #next(): Promise<void> {
    const next = await this.#input.next()
    if (next.done === true) throw new Error('tar: the archive is cut short')
    this.#chunk = next.value
  }
}
