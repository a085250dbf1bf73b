import { UnsupportedError } from '../base/errors.ts'
import type { BlobId } from '../base/id.ts'
import { fromBase64 } from './base64.ts'
import { type JsonReader, KnownStrings, brace, bracket } from './json-reader.ts'
import { nameFromBytes } from './name.ts'
import { unquoteName } from './name-quoting.ts'
import { type ExtendedAttribute, type Node, type NodeType, nodeTypes } from './node.ts'
import { isTime, zeroTime } from './time.ts'

const u32Max = 0xffff_ffff
const exactMax = Number.MAX_SAFE_INTEGER

type Draft = { -readonly [Key in keyof Node]: Node[Key] }
type MemberReader = (node: Draft, reader: JsonReader) => void

/** In the order in which restic writes them. */
const memberReaders: ReadonlyMap<string, MemberReader> = new Map<string, MemberReader>([
  ['name', (node, reader) => void (node.name = readName(reader))],
  ['type', (node, reader) => void (node.type = readType(reader))],
  ['mode', (node, reader) => void (node.mode = reader.unsigned(u32Max))],
  ['mtime', (node, reader) => void (node.mtime = readTime(reader, node.atime))],
  ['atime', (node, reader) => void (node.atime = readTime(reader, node.mtime))],
  ['ctime', (node, reader) => void (node.ctime = readTime(reader, node.mtime))],
  ['uid', (node, reader) => void (node.uid = reader.unsigned(u32Max))],
  ['gid', (node, reader) => void (node.gid = reader.unsigned(u32Max))],
  ['user', (node, reader) => void (node.user = reader.string())],
  ['group', (node, reader) => void (node.group = reader.string())],
  ['inode', (node, reader) => void (node.inode = reader.unsigned64())],
  ['device_id', (node, reader) => void (node.deviceId = reader.unsigned64())],
  ['size', (node, reader) => void (node.size = reader.unsigned(exactMax))],
  ['links', (node, reader) => void (node.links = reader.unsigned(exactMax))],
  ['linktarget', readLinktarget],
  ['linktarget_raw', (node, reader) => void (node.linktarget = nameFromBytes(readBase64(reader)))],
  ['extended_attributes', readExtendedAttributes],
  ['generic_attributes', readGenericAttributes],
  ['device', (node, reader) => void (node.device = reader.unsigned64())],
  ['content', readContent],
  ['subtree', (node, reader) => void (node.subtree = readId(reader))],
  ['error', (node, reader) => void (node.error = reader.string())],
])
const nodeMembers = new KnownStrings([...memberReaders.keys()])
const attributeMembers = new KnownStrings(['name', 'value'])
const typeWords = new KnownStrings(nodeTypes)

/**
 * Reads one node. Any member but name and type may be missing or null. Members it does not know are
 * kept in `extra`.
 *
 * @throws CorruptDataError also for a size or a number of links over 2^53 - 1
 * @throws UnsupportedError for a type of node that does not exist yet
 */
export function readNode(reader: JsonReader): Node {
  const node = emptyNode()
  let hasType = false
  for (let more = reader.enter(brace); more; more = reader.next(brace)) {
    reader.peek()
    const start = reader.at
    const member = reader.member(nodeMembers)
    const read = memberReaders.get(member)
    if (read === undefined) keepUnknown(node, reader, start)
    else if (!reader.takeNull()) read(node, reader)
    if (member === 'type') hasType = true
  }
  if (node.name === '' || !hasType) throw reader.damaged()
  if (node.type === 'file') node.size ??= 0
  return node
}

/** All members in one order, so that engines give every node the same layout in memory. */
function emptyNode(): Draft {
  return {
    name: '',
    type: 'file',
    mode: 0,
    mtime: zeroTime,
    atime: zeroTime,
    ctime: zeroTime,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: undefined,
    links: 0,
    linktarget: undefined,
    extendedAttributes: undefined,
    genericAttributes: undefined,
    device: 0n,
    content: null,
    subtree: undefined,
    error: undefined,
    extra: undefined,
  }
}

/** @param start where the member's name begins */
function keepUnknown(node: Draft, reader: JsonReader, start: number): void {
  reader.skip()
  const member = reader.textSince(start)
  node.extra = node.extra === undefined ? member : `${node.extra},${member}`
}

function readName(reader: JsonReader): string {
  const name = unquoteName(reader.string())
  if (name === undefined) throw reader.damaged('value')
  return name
}

function readType(reader: JsonReader): NodeType {
  const type = reader.word(typeWords)
  if (isNodeType(type)) return type
  throw new UnsupportedError(
    `${reader.what} holds an entry of unknown type ${JSON.stringify(type)}`,
  )
}

function isNodeType(type: string): type is NodeType {
  return (nodeTypes as readonly string[]).includes(type)
}

/** @param other a time already read; it is often the same, and then its string is shared */
function readTime(reader: JsonReader, other: string): string {
  const time = reader.string()
  if (time === other) return other
  if (!isTime(time)) throw reader.damaged('value')
  return time
}

/** The raw form, if there is one, holds more. */
function readLinktarget(node: Draft, reader: JsonReader): void {
  const text = reader.string()
  node.linktarget ??= text
}

function readExtendedAttributes(node: Draft, reader: JsonReader): void {
  const attributes: ExtendedAttribute[] = []
  for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
    attributes.push(readExtendedAttribute(reader))
  }
  node.extendedAttributes = attributes
}

function readExtendedAttribute(reader: JsonReader): ExtendedAttribute {
  let name = ''
  let value: Uint8Array | null = null
  for (let more = reader.enter(brace); more; more = reader.next(brace)) {
    const member = reader.member(attributeMembers)
    if (reader.takeNull()) continue
    if (member === 'name') name = reader.string()
    else if (member === 'value') value = readBase64(reader)
    else reader.skip()
  }
  return { name, value }
}

function readGenericAttributes(node: Draft, reader: JsonReader): void {
  if (reader.peek() !== brace) throw reader.damaged()
  const start = reader.at
  reader.skip()
  node.genericAttributes = reader.textSince(start)
}

function readContent(node: Draft, reader: JsonReader): void {
  const content: BlobId[] = []
  for (let more = reader.enter(bracket); more; more = reader.next(bracket)) {
    content.push(readId(reader))
  }
  node.content = content
}

function readId(reader: JsonReader): BlobId {
  return reader.hexId() as BlobId
}

function readBase64(reader: JsonReader): Uint8Array {
  const bytes = fromBase64(reader.string())
  if (bytes === undefined) throw reader.damaged('value')
  return bytes
}
