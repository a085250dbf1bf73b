import type { BlobId, TreeId } from '../base/id.ts'
import { toBase64 } from './base64.ts'
import { jsonString } from './json.ts'
import { nameToBytes } from './name.ts'
import { quoteName } from './name-quoting.ts'

export const nodeTypes = [
  'file',
  'dir',
  'symlink',
  'dev',
  'chardev',
  'fifo',
  'socket',
  'irregular',
] as const
export type NodeType = (typeof nodeTypes)[number]

export interface ExtendedAttribute {
  readonly name: string
  /** null when reading it gave nothing */
  readonly value: Uint8Array | null
}

/**
 * One entry of a directory. Names are strings that hold any bytes (format/name.ts); times are in the
 * form of format/time.ts, verbatim, so that writing a tree again gives the same bytes.
 */
export interface Node {
  readonly name: string
  readonly type: NodeType
  /** Go's file mode: format/mode.ts */
  readonly mode: number
  readonly mtime: string
  readonly atime: string
  readonly ctime: string
  readonly uid: number
  readonly gid: number
  /** empty when the number has no name */
  readonly user: string
  readonly group: string
  readonly inode: bigint
  readonly deviceId: bigint
  /** bytes; files only */
  readonly size: number | undefined
  /** hard links; 0 for types that do not store it */
  readonly links: number
  /** symlinks only; any bytes, as in names */
  readonly linktarget?: string | undefined
  readonly extendedAttributes?: readonly ExtendedAttribute[] | undefined
  /** JSON of an object, verbatim; from Windows */
  readonly genericAttributes?: string | undefined
  /** what a device file stands for, in Linux's encoding */
  readonly device: bigint
  /** the file's blobs in order; null for everything but files */
  readonly content: readonly BlobId[] | null
  /** directories only */
  readonly subtree?: TreeId | undefined
  readonly error?: string | undefined
  /** Members of the JSON that this version does not know, verbatim, joined by commas. */
  readonly extra?: string | undefined
}

/** A node of which nothing is known but what the file system tells. */
export interface BareNode extends Node {
  readonly content: null
  readonly subtree?: undefined
  readonly error?: undefined
  readonly extra?: undefined
}

/** A node whose JSON is known. */
export interface WrittenNode {
  readonly name: string
  /** as `formatNode` writes it */
  readonly json: string
}

/** The JSON of a node as restic writes it; the ids of trees depend on every byte. */
export function formatNode(node: Node): string {
  let json = `{"name":${quotedName(node.name)},"type":"${node.type}"`
  if (node.mode !== 0) json += `,"mode":${node.mode}`
  json += `,"mtime":"${node.mtime}","atime":"${node.atime}","ctime":"${node.ctime}"`
  json += `,"uid":${node.uid},"gid":${node.gid}`
  if (node.user !== '') json += `,"user":${jsonString(node.user)}`
  if (node.group !== '') json += `,"group":${jsonString(node.group)}`
  if (node.inode !== 0n) json += `,"inode":${node.inode}`
  if (node.deviceId !== 0n) json += `,"device_id":${node.deviceId}`
  if (node.size) json += `,"size":${node.size}`
  if (node.links !== 0) json += `,"links":${node.links}`
  json += formatAttributes(node)
  if (node.device !== 0n) json += `,"device":${node.device}`
  json += `,"content":${formatContent(node.content)}`
  if (node.subtree !== undefined) json += `,"subtree":"${node.subtree}"`
  if (node.error) json += `,"error":${jsonString(node.error)}`
  if (node.extra) json += `,${node.extra}`
  return `${json}}`
}

const needsNoEscape = /^[ !#-%'-;=?-[\]-~]*$/

function quotedName(name: string): string {
  return needsNoEscape.test(name) ? `"${name}"` : jsonString(quoteName(name))
}

/** The members that few nodes have. */
function formatAttributes(node: Node): string {
  const { linktarget, extendedAttributes, genericAttributes } = node
  let json = ''
  if (linktarget) json += formatLinktarget(linktarget)
  if (extendedAttributes && extendedAttributes.length > 0) {
    const attributes = extendedAttributes.map(formatExtendedAttribute)
    json += `,"extended_attributes":[${attributes.join(',')}]`
  }
  if (genericAttributes) json += `,"generic_attributes":${genericAttributes}`
  return json
}

/** A target that is not UTF-8 is written a second time, in base64. */
function formatLinktarget(linktarget: string): string {
  const text = `,"linktarget":${jsonString(linktarget)}`
  if (linktarget.isWellFormed()) return text
  return `${text},"linktarget_raw":"${toBase64(nameToBytes(linktarget))}"`
}

function formatExtendedAttribute({ name, value }: ExtendedAttribute): string {
  const base64 = value === null ? 'null' : `"${toBase64(value)}"`
  return `{"name":${jsonString(name)},"value":${base64}}`
}

export function formatContent(content: readonly BlobId[] | null): string {
  if (content === null) return 'null'
  return content.length === 0 ? '[]' : `["${content.join('","')}"]`
}
