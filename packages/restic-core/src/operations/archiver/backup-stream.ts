import type { BlobId, TreeId } from '../../base/id.ts'
import { modeBits } from '../../format/mode.ts'
import type { Node } from '../../format/node.ts'
import { formatTime } from '../../format/time.ts'
import { formatTree } from '../../format/tree.ts'
import { chunkLengthMax } from '../../kernel/kernel.ts'
import type { BlobWriter } from '../../repository/api.ts'
import type { BackupEvent, BackupResult } from './events.ts'
import type { ArchiveTarget, BackupOptions } from './options.ts'
import { Tally } from './tally.ts'

export interface BackupStreamOptions extends Pick<
  BackupOptions,
  | 'signal'
  | 'onEvent'
  | 'snapshot'
  | 'parent'
  | 'skipIfUnchanged'
  | 'dryRun'
  | 'compression'
  | 'packSize'
  | 'verify'
> {
  /** Where the file stands in the snapshot: names joined by '/'. */
  readonly path: string
}

/**
 * Stores what comes from `input` as one file, and then a snapshot of it. When the input fails there
 * is no snapshot; an input without a byte gives a snapshot of the directories alone.
 */
export async function backupStream(
  target: ArchiveTarget,
  input: AsyncIterable<Uint8Array>,
  options: BackupStreamOptions,
): Promise<BackupResult> {
  const { signal, onEvent, compression, packSize, verify, dryRun, parent } = options
  const { clock } = target.runtime
  const startNs = clock.nowNs()
  const start = formatTime(startNs, clock)
  const { timeNs, tags = [], excludes = [], ...facts } = options.snapshot
  // The file is as old as the snapshot, whatever that is said to be.
  const time = formatTime(timeNs ?? startNs, clock)
  const tally = new Tally()
  const stored = await target.writing(
    async (blobs) => {
      const tree = await storeFile(target, blobs, input, options, time, tally)
      return { tree, added: { ...blobs.added } }
    },
    { signal, onEvent, compression, packSize, verify, dryRun },
  )
  const summary = tally.summary(stored.added, start, formatTime(clock.nowNs(), clock))
  const result = { tree: stored.tree, summary, skipped: tally.skipped, unstable: [] }
  const isUnchanged = options.skipIfUnchanged === true && parent?.tree === stored.tree
  if (dryRun === true || isUnchanged) return { ...result, snapshotId: undefined }
  const snapshotId = await target.saveSnapshot(
    { ...facts, time, parent: parent?.id, tree: stored.tree, tags, excludes, summary },
    { signal },
  )
  return { ...result, snapshotId }
}

async function storeFile(
  target: ArchiveTarget,
  blobs: BlobWriter,
  input: AsyncIterable<Uint8Array>,
  options: BackupStreamOptions,
  time: string,
  tally: Tally,
): Promise<TreeId> {
  const names = options.path.split('/').filter((name) => name !== '')
  const fileName = names.pop()
  if (fileName === undefined) throw new RangeError('a file of a snapshot needs a name')
  const tell = (event: BackupEvent): void => options.onEvent?.(event)
  const path = `/${[...names, fileName].join('/')}`
  const { content, size } = await storeContent(target, blobs, input, (bytes) =>
    tell({ type: 'read', path, bytes }),
  )
  const { uid, gid } = options.snapshot
  const common = { mtime: time, atime: time, ctime: time, uid, gid, ...absentOfStreams }
  let nodes: readonly Node[] = []
  if (size === 0) tally.skipped++
  else {
    nodes = [{ ...common, name: fileName, type: 'file', mode: 0o644, size, content }]
    tally.count('file', 'new', size)
    tell({ type: 'item', path, kind: 'file', change: 'new', bytes: size })
  }
  let { id: tree } = await blobs.saveBlob('tree', formatTree(nodes))
  for (const [depth, name] of [...names.entries()].toReversed()) {
    const mode = modeBits.dir + 0o755
    const node = { ...common, name, type: 'dir' as const, mode, size: undefined, content: null }
    const bytes = formatTree([{ ...node, subtree: tree }])
    tree = (await blobs.saveBlob('tree', bytes)).id
    tally.count('dir', 'new', 0)
    const directory = `/${names.slice(0, depth + 1).join('/')}`
    tell({ type: 'item', path: directory, kind: 'dir', change: 'new', bytes: bytes.length })
  }
  return tree
}

/** What files on disk have, and a stream has not. */
const absentOfStreams = {
  user: '',
  group: '',
  inode: 0n,
  deviceId: 0n,
  links: 0,
  device: 0n,
} as const

/** How much is gathered before it is cut; a chunk that starts in it may need `chunkLengthMax`. */
const bufferLength = 2 * chunkLengthMax

async function storeContent(
  target: ArchiveTarget,
  blobs: BlobWriter,
  input: AsyncIterable<Uint8Array>,
  onRead: (bytes: number) => void,
): Promise<{ readonly content: readonly BlobId[]; readonly size: number }> {
  const chunker = target.runtime.kernel.chunker(blobs.jobSettings().polynomial)
  const buffer = new Uint8Array(bufferLength)
  const content: BlobId[] = []
  let size = 0
  let held = 0
  /** Stores the chunks that begin in the buffer; the last one only when the input has ended. */
  const storeChunks = async (atEnd: boolean): Promise<void> => {
    const heldMin = atEnd ? 1 : chunkLengthMax
    let from = 0
    while (held - from >= heldMin) {
      const length = chunker.cut(buffer, from, held) || held - from
      const { id } = await blobs.saveBlob('data', buffer.slice(from, from + length))
      content.push(id)
      onRead(length)
      from += length
    }
    buffer.copyWithin(0, from, held)
    held -= from
  }
  for await (const chunk of input) {
    blobs.signal.throwIfAborted()
    size += chunk.length
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + bufferLength - held)
      buffer.set(piece, held)
      held += piece.length
      at += piece.length
      if (held === bufferLength) await storeChunks(false)
    }
  }
  await storeChunks(true)
  return { content, size }
}
