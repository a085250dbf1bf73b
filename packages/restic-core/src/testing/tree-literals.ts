import type { BlobId, TreeId } from '../base/id.ts'
import { compareNames } from '../format/name.ts'
import { modeBits } from '../format/mode.ts'
import type { Node, NodeType } from '../format/node.ts'
import { formatTree } from '../format/tree.ts'
import type { BlobWriter, IndexedRepository } from '../repository/api.ts'

/** An entry of a tree: a file with its blobs, a directory with its entries, or a node of another type. */
export interface EntryLiteral extends Partial<Node> {
  readonly name: string
  /** A file's content, blob by blob. */
  readonly data?: readonly Uint8Array[]
  readonly entries?: readonly EntryLiteral[]
}

const typeModes: Readonly<Record<NodeType, number>> = {
  file: 0o644,
  dir: modeBits.dir + 0o755,
  symlink: modeBits.symlink + 0o777,
  dev: modeBits.device + 0o600,
  chardev: modeBits.device + modeBits.chardev + 0o600,
  fifo: modeBits.fifo + 0o600,
  socket: modeBits.socket + 0o600,
  irregular: modeBits.irregular,
}

export const literalTime = '2023-05-06T07:08:09Z'

/** Stores trees and blobs as they are written here, which may be what no archiver would write. */
export async function storeTree(
  repository: Pick<IndexedRepository, 'writing'>,
  entries: readonly EntryLiteral[],
): Promise<TreeId> {
  return repository.writing((blobs) => saveTree(blobs, entries))
}

async function saveTree(blobs: BlobWriter, entries: readonly EntryLiteral[]): Promise<TreeId> {
  const nodes: Node[] = []
  for (const entry of entries) nodes.push(await saveEntry(blobs, entry))
  nodes.sort((a, b) => compareNames(a.name, b.name))
  const { id } = await blobs.saveBlob('tree', formatTree(nodes))
  return id
}

async function saveEntry(blobs: BlobWriter, literal: EntryLiteral): Promise<Node> {
  const { data, entries, ...fields } = literal
  const content: BlobId[] = []
  for (const blob of data ?? []) content.push((await blobs.saveBlob('data', blob)).id)
  const type = fields.type ?? (data ? 'file' : 'dir')
  return {
    type,
    mode: typeModes[type],
    mtime: literalTime,
    atime: literalTime,
    ctime: literalTime,
    uid: 0,
    gid: 0,
    user: '',
    group: '',
    inode: 0n,
    deviceId: 0n,
    size: data?.reduce((size, blob) => size + blob.length, 0),
    links: type === 'file' ? 1 : 0,
    device: 0n,
    content: type === 'file' ? content : null,
    subtree: entries && (await saveTree(blobs, entries)),
    ...fields,
  }
}
