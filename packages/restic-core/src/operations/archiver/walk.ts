import { SourceError, isResticError } from '../../base/errors.ts'
import type { BlobId, TreeId } from '../../base/id.ts'
import { compareNames } from '../../format/name.ts'
import type { BareNode, Node, NodeType } from '../../format/node.ts'
import { formatTree } from '../../format/tree.ts'
import type { SameNode } from '../../format/tree-text.ts'
import type { BlobWriter } from '../../repository/api.ts'
import type { SourceEntry, SourceTree } from '../shared/source-tree.ts'
import { Turns } from '../shared/turns.ts'
import { directoryNode, entryNode, fileNode } from './entry-node.ts'
import { type FileContent, FileStore } from './file-store.ts'
import type { ArchiveTarget, BackupOptions } from './options.ts'
import { changeOf, isUnchanged } from './parent.ts'
import { ParentTree } from './parent-tree.ts'
import { PendingDirectory, type PendingNode } from './pending-directory.ts'
import { type Change, Tally } from './tally.ts'
import { type Target, joinPath } from './targets.ts'

/** Trees that wait to be stored. Beyond that the walk waits too. */
const finishingMax = 32
/** How long the walk may hold the thread before uploads get a turn. */
const walkTurnMs = 25

/** An entry on its way into the snapshot. */
interface Place {
  readonly name: string
  /** where it is read */
  readonly path: string
  /** where it stands in the snapshot, with a leading '/' */
  readonly snapshotPath: string
  readonly explicit: boolean
  /** the directory of the parent that had it, if it had it */
  readonly siblings: ParentTree
}

/** A file whose content is read. */
interface FileToStore {
  readonly place: Place
  readonly previous: Node | undefined
  readonly put: (node: Node | undefined) => void
}

/** A directory that is gone through, and what is known of it by then. */
interface OpenDirectory {
  readonly place: Place
  readonly node: Node
  /** what the parent has in its place: the same but for its subtree, or something else */
  readonly same: SameNode | undefined
  readonly previous: Node | undefined
  readonly before: ParentTree
}

/**
 * Goes through the source in the order of names. Whatever has not changed since the parent is
 * taken over; files that have go to the pool, and each tree is stored once its last file is.
 */
export class Walk {
  readonly tally: Tally = new Tally()
  readonly unstable: string[] = []
  readonly #target: ArchiveTarget
  readonly #source: SourceTree
  readonly #options: BackupOptions
  readonly #blobs: BlobWriter
  readonly #files: FileStore
  readonly #finishing = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #turns: Turns

  constructor(
    target: ArchiveTarget,
    source: SourceTree,
    blobs: BlobWriter,
    options: BackupOptions,
  ) {
    this.#target = target
    this.#source = source
    this.#options = options
    this.#blobs = blobs
    this.#signal = AbortSignal.any([blobs.signal, this.#stop.signal])
    this.#turns = new Turns({ signal: this.#signal, turnMs: walkTurnMs })
    const onFailure = (error: unknown): void => this.#stop.abort(error)
    this.#files = new FileStore(target.runtime.pool, blobs, { signal: this.#signal, onFailure })
  }

  /** The nodes of the root; every blob they need has been given to the writer. */
  async run(): Promise<readonly PendingNode[]> {
    try {
      let root: readonly PendingNode[] = []
      const directory = new PendingDirectory((nodes) => {
        root = nodes
      })
      const { targets, parent } = this.#options
      const before = await ParentTree.read(this.#target, parent?.tree, { signal: this.#signal })
      await this.#targets(directory, targets, '', before)
      this.#tellLoss(before, { snapshotPath: '/', path: '/' })
      directory.close()
      await this.#files.finish()
      while (this.#finishing.size > 0) await Promise.all(this.#finishing)
      this.#signal.throwIfAborted()
      return root
    } catch (error) {
      this.#stop.abort(error)
      await this.#files.settle()
      await Promise.all(this.#finishing)
      throw this.#signal.reason
    }
  }

  /** Directories above the targets, and the targets themselves. */
  async #targets(
    directory: PendingDirectory,
    targets: readonly Target[],
    above: string,
    parent: ParentTree,
  ): Promise<void> {
    const sorted = targets.toSorted((a, b) => compareNames(a.name, b.name))
    for (const { name, source, children, explicit = false } of sorted) {
      const snapshotPath = `${above}/${name}`
      const place = { name, path: source, snapshotPath, explicit, siblings: parent }
      if (children === undefined) {
        await this.#entry(directory, place)
        continue
      }
      const entry = this.#read(place, () => this.#source.entryFollowed(source))
      if (entry === undefined) continue
      await this.#directory(directory, { ...place, follow: true }, entry, (inside, tree) =>
        this.#targets(inside, children, snapshotPath, tree),
      )
    }
  }

  /** Returns nothing when there is nothing to wait for, as with most files: a promise for each adds up. */
  #entry(directory: PendingDirectory, place: Place): Promise<void> | undefined {
    const { exclusion } = this.#options
    if (exclusion?.byPath?.(place.path) === true) return undefined
    const entry = this.#read(place, () => this.#source.entry(place.path))
    if (entry === undefined) return undefined
    if (exclusion?.byEntry?.(place.path, entry) === true) return undefined
    switch (entry.type) {
      case 'file':
        return this.#file(directory, place, entry)
      case 'dir': {
        const names = this.#names(place)
        if (names === undefined) return undefined
        return this.#directory(directory, place, entry, (inside, tree) =>
          this.#entries(inside, place, names, tree),
        )
      }
      case 'socket':
        return undefined
      case 'irregular': {
        const text = `${place.path} is neither a file nor a directory nor a device`
        this.#read(place, () => {
          throw new SourceError(text, place.path, 'unsafe')
        })
        return undefined
      }
      case 'symlink':
      case 'dev':
      case 'chardev':
      case 'fifo': {
        const node = this.#read(place, () => this.#node(place, entry))
        if (node !== undefined) this.#other(directory, place, node)
        return undefined
      }
    }
  }

  /** The names to take of a directory; undefined when it cannot be listed. */
  #names(place: Place): string[] | undefined {
    const { exclusion } = this.#options
    const names = this.#read(place, () => this.#source.list(place.path))
    const only = names && exclusion?.onlyEntry?.(place.path, names)
    return only === undefined ? names?.toSorted(compareNames) : [only]
  }

  async #entries(
    directory: PendingDirectory,
    { path, snapshotPath }: Place,
    names: readonly string[],
    parent: ParentTree,
  ): Promise<void> {
    for (const name of names) {
      if (this.#turns.isOver) await this.#turns.pause()
      const place = {
        name,
        path: joinPath(path, name),
        snapshotPath: `${snapshotPath}/${name}`,
        explicit: false,
        siblings: parent,
      }
      const waiting = this.#entry(directory, place)
      if (waiting) await waiting
    }
  }

  async #directory(
    above: PendingDirectory,
    place: Place & { readonly follow?: boolean },
    entry: SourceEntry,
    fill: (inside: PendingDirectory, parent: ParentTree) => Promise<void>,
  ): Promise<void> {
    const node = this.#read(place, () => this.#node(place, entry))
    if (node === undefined) return
    const put = above.reserve()
    const { siblings, name } = place
    const same = siblings.takeSame(node)
    const previous = same ? undefined : siblings.take(name)
    const before = await siblings.subtree(same ? same.subtree : previous?.subtree)
    const inside = new PendingDirectory((nodes) => {
      const finish: Promise<void> = this.#finish({ place, node, same, previous, before }, nodes)
        .then(put)
        .catch((error: unknown) => this.#stop.abort(error))
        .finally(() => this.#finishing.delete(finish))
      this.#finishing.add(finish)
    })
    await fill(inside, before)
    this.#tellLoss(before, place)
    inside.close()
    while (this.#finishing.size > finishingMax) await Promise.race(this.#finishing)
    this.#signal.throwIfAborted()
  }

  /** Stores the tree of a directory whose last node has come, unless it is the parent's. */
  async #finish(
    { place, node, same, previous, before }: OpenDirectory,
    nodes: readonly PendingNode[],
  ): Promise<PendingNode> {
    if (same && before.isSame && nodes.every((inside) => 'json' in inside)) {
      this.#tell(place, 'dir', 'unchanged', 0)
      return same
    }
    const tree = formatTree(nodes)
    const { id, isNew } = await this.#blobs.saveBlob('tree', tree)
    const complete = directoryNode(node, id)
    const change = same ? changeOfSubtree(same, id) : changeOf(previous, complete)
    this.#tell(place, 'dir', change, isNew ? tree.length : 0)
    return complete
  }

  /** Neither a file nor a directory. */
  #other(directory: PendingDirectory, place: Place, node: BareNode): void {
    const same = place.siblings.takeSame(node)
    const change = same ? 'unchanged' : changeOf(place.siblings.take(place.name), node)
    this.#tell(place, node.type, change, 0)
    directory.add(same ?? node)
  }

  #file(directory: PendingDirectory, place: Place, entry: SourceEntry): Promise<void> | undefined {
    const node = this.#read(place, () => this.#node(place, entry))
    if (node === undefined) return undefined
    const { siblings, name } = place
    const same = siblings.peek(node)
    if (same && this.#isStored(same.content)) {
      siblings.pass(same)
      this.#tell(place, 'file', 'unchanged', entry.size)
      directory.add(same)
      return undefined
    }
    const previous = siblings.take(name)
    if (previous?.content && isUnchanged(previous, node, entry, this.#options)) {
      if (this.#isStored(previous.content)) {
        const complete = fileNode(node, previous.content, entry.size)
        // As in restic: a file that is not read counts so, whatever else of it is different.
        this.#tell(place, 'file', 'unchanged', entry.size)
        directory.add(complete)
        return undefined
      }
      const { snapshotPath, path } = place
      this.#options.onEvent?.({ type: 'incomplete-parent', path: snapshotPath, source: path })
    }
    const put = directory.reserve()
    return this.#store({ place, previous, put }, node, this.#options.rereads ?? 0)
  }

  #isStored(content: readonly BlobId[]): boolean {
    const { index } = this.#target
    return content.every((id) => index.has('data', id))
  }

  /** @param node with the size that the directory tells */
  #store(file: FileToStore, node: Node, rereads: number): Promise<void> | undefined {
    const { place, previous, put } = file
    const { path, snapshotPath } = place
    const onRead = (bytes: number): void =>
      this.#options.onEvent?.({ type: 'read', path: snapshotPath, bytes })
    const done = (result: FileContent | SourceError): void => {
      if (!(result instanceof SourceError) && (result.isStable || rereads === 0)) {
        const complete = fileNode(node, result.content, result.size)
        if (!result.isStable) this.unstable.push(snapshotPath)
        this.#tell(place, 'file', changeOf(previous, complete), result.size)
        put(complete)
      } else if (result instanceof SourceError) {
        put(this.#attempt(() => this.#unreadable(place, result)))
      } else {
        this.#again(file, rereads - 1)
      }
    }
    return this.#files.add({ path, size: node.size ?? 0, done, onRead })
  }

  /** Reads a file once more that changed while it was read, with what is known of it now. */
  #again(file: FileToStore, rereads: number): void {
    const { place, put } = file
    const again = async (): Promise<void> => {
      const entry = this.#read(place, () => this.#source.entry(place.path))
      const node = entry && this.#read(place, () => this.#node(place, entry))
      if (entry?.type !== 'file' || node === undefined) return put(undefined)
      await this.#store(file, node, rereads)
      await this.#files.finish()
    }
    const run: Promise<void> = again()
      .catch((error: unknown) => this.#stop.abort(error))
      .finally(() => this.#finishing.delete(run))
    this.#finishing.add(run)
  }

  #node(place: Place & { readonly follow?: boolean }, entry: SourceEntry): BareNode {
    const { clock } = this.#target.runtime
    return entryNode(this.#source, place, entry, {
      clock,
      withAtime: this.#options.withAtime ?? false,
    })
  }

  /** What `ask` answers; undefined when the entry cannot be read and is to be skipped. */
  #read<T>(place: Place, ask: () => T): T | undefined {
    try {
      return ask()
    } catch (error) {
      if (!isResticError(error, 'SOURCE')) throw error
      return this.#unreadable(place, error)
    }
  }

  #unreadable(place: Place, error: SourceError): undefined {
    // What vanished between being listed and being read was deleted; that is not an error.
    if (error.reason === 'not-found' && !place.explicit) return undefined
    const answer = this.#options.onUnreadable?.(place.path, error) ?? 'abort'
    if (answer === 'abort') throw error
    this.tally.skipped++
    this.#options.onEvent?.({ type: 'skipped', path: place.snapshotPath, error })
    return undefined
  }

  /** Runs a callback of the pool, where a throw has nobody to catch it. */
  #attempt(work: () => undefined): undefined {
    try {
      return work()
    } catch (error) {
      this.#stop.abort(error)
      return undefined
    }
  }

  #tellLoss(
    { loss }: ParentTree,
    { snapshotPath, path }: Pick<Place, 'snapshotPath' | 'path'>,
  ): void {
    if (loss === undefined) return
    const isIndexed = this.#target.index.has('tree', loss.id)
    this.#options.onEvent?.({
      type: 'lost-parent-tree',
      path: snapshotPath,
      source: path,
      isIndexed,
      ...loss,
    })
  }

  #tell({ snapshotPath: path }: Place, kind: NodeType, change: Change, bytes: number): void {
    this.tally.count(kind, change, bytes)
    this.#options.onEvent?.({ type: 'item', path, kind, change, bytes })
  }
}

function changeOfSubtree({ subtree }: SameNode, id: TreeId): Change {
  return subtree === id ? 'unchanged' : 'changed'
}
