import { createHash } from 'node:crypto'
import {
  type BlobReader,
  type Cancellable,
  type Node,
  type StoredSnapshot,
  walkTree,
} from 'restic-core'
import { compareNames } from 'restic-core/format'
import { type Difference, absent, differingMembers } from './difference.ts'
import { lockstep } from './lockstep.ts'
import type { ResticProgram } from './restic-program.ts'
import { type TarEntry, readTar } from './tar-reader.ts'

export interface ContentCounts {
  ours: number
  restic: number
  /** bytes of files on our side */
  bytes: number
}

/**
 * Compares the content of every file, the targets of links, owners' names and extended attributes.
 *
 * restic's side is `dump` of the whole snapshot as one tar stream, which is hashed as it comes: one
 * process for a snapshot instead of one for each file, and nothing is kept.
 */
export async function* compareContents(
  reader: Pick<BlobReader, 'readTree' | 'readBlob'>,
  snapshot: StoredSnapshot,
  restic: ResticProgram,
  counts: ContentCounts,
  options: Cancellable,
): AsyncGenerator<Difference, void> {
  const dump = restic.bytes(['dump', '--archive', 'tar', snapshot.id, '/'], options)
  const pairs = lockstep(ourContents(reader, snapshot, options), readTar(dump))
  for await (const { path, ours, theirs } of pairs) {
    if (ours?.type === 'file') {
      counts.ours++
      counts.bytes += ours.size
    }
    if (theirs?.type === 'file') counts.restic++
    const told = { subject: 'content', snapshot: snapshot.id, path: `/${path}` } as const
    if (ours === undefined) yield { ...told, ours: absent, restic: 'has it' }
    else if (theirs === undefined) yield { ...told, ours: 'has it', restic: absent }
    else {
      const found = differingMembers({ ...ours }, { ...theirs }, textOf)
      if (found !== undefined) yield { ...told, ours: found.ours, restic: found.theirs }
    }
  }
}

function textOf(value: unknown): string {
  if (!(value instanceof Map)) return String(value)
  return [...value]
    .map(([key, item]) => `${key}=${item}`)
    .toSorted(compareNames)
    .join(' ')
}

/** The entries as restic dumps them. */
async function* ourContents(
  reader: Pick<BlobReader, 'readTree' | 'readBlob'>,
  { tree }: StoredSnapshot,
  options: Cancellable,
): AsyncGenerator<TarEntry, void> {
  for await (const { path, node } of walkTree(reader, tree, options)) {
    const type = dumpedType(node, path)
    if (type === undefined) continue
    yield {
      path: path.slice(1),
      type,
      linkTarget: node.linktarget ?? '',
      user: node.user,
      group: node.group,
      ...(type === 'file' ? await contentOf(reader, node, options) : { size: 0, sha256: '' }),
      attributes: dumpedAttributes(node),
    }
  }
}

/** restic dumps pipes and devices as empty files in the topmost directory, and leaves out others. */
function dumpedType(node: Node, path: string): TarEntry['type'] | undefined {
  switch (node.type) {
    case 'file':
    case 'dir':
    case 'symlink':
      return node.type
    case 'dev':
    case 'chardev':
    case 'fifo':
    case 'socket':
    case 'irregular':
      return path.lastIndexOf('/') === 0 ? 'file' : undefined
  }
}

/** Access control lists have records of another form, which are not compared. */
function dumpedAttributes({ extendedAttributes = [] }: Node): ReadonlyMap<string, string> {
  return new Map(
    extendedAttributes
      .filter(({ name }) => !name.startsWith('system.posix_acl_'))
      .map(({ name, value }) => [name, Buffer.from(value ?? []).toString('hex')]),
  )
}

async function contentOf(
  reader: Pick<BlobReader, 'readBlob'>,
  { content, size }: Node,
  options: Cancellable,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let next: Promise<Uint8Array> | undefined
  const ids = content ?? []
  for (const [at, id] of ids.entries()) {
    const bytes = await (next ?? reader.readBlob('data', id, options))
    const following = ids[at + 1]
    // The next blob is fetched while this one is hashed.
    next = following === undefined ? undefined : reader.readBlob('data', following, options)
    next?.catch(() => undefined)
    hash.update(bytes)
  }
  return { size: size ?? 0, sha256: hash.digest('hex') }
}
