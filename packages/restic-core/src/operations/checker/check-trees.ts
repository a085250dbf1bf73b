import { fromHex } from '../../base/bytes.ts'
import { isResticError } from '../../base/errors.ts'
import { type BlobId, type SnapshotId, type TreeId, shortId } from '../../base/id.ts'
import type { Node } from '../../format/node.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { childPath, rootPath } from '../shared/item-path.ts'
import type { CheckOptions } from './check.ts'
import type { Finding } from './findings.ts'

interface WantedTree {
  readonly id: TreeId
  /** where it was met first */
  readonly path: string
}

interface CheckedTree {
  readonly findings: readonly Finding[]
  readonly subtrees: readonly WantedTree[]
}

/** Reads every snapshot and every tree they lead to, each once. */
export async function* checkTrees(
  repository: IndexedRepository,
  { signal, onEvent }: CheckOptions,
): AsyncGenerator<Finding, void> {
  const walk = new TreesToCheck(repository)
  const damaged: Finding[] = []
  const onDamaged = (id: SnapshotId, error: Error): void => {
    damaged.push(unreadableSnapshot(id, error))
  }
  for await (const { tree } of repository.snapshots({ signal, onDamaged })) {
    walk.add({ id: tree, path: rootPath })
  }
  yield* damaged
  const stop = new AbortController()
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const running: Promise<CheckedTree>[] = []
  let done = 0
  onEvent?.({ type: 'checked', stage: 'trees', done, total: walk.met })
  try {
    for (;;) {
      signal?.throwIfAborted()
      while (running.length < repository.connections) {
        const wanted = walk.next()
        if (wanted === undefined) break
        const run = checkTree(repository, wanted, stopped)
        // It is awaited in its turn; until then a failure must not count as unhandled.
        run.catch(() => undefined)
        running.push(run)
      }
      const next = running.shift()
      if (next === undefined) return
      const { findings, subtrees } = await next
      for (const subtree of subtrees) walk.add(subtree)
      onEvent?.({ type: 'checked', stage: 'trees', done: ++done, total: walk.met })
      yield* findings
    }
  } finally {
    stop.abort()
    await Promise.allSettled(running)
  }
}

function unreadableSnapshot(snapshot: SnapshotId, error: Error): Finding {
  if (!isResticError(error, 'CORRUPT', 'MISSING')) throw error
  const what = `snapshot ${shortId(snapshot)}`
  return { kind: 'snapshot-unreadable', severity: 'error', snapshot, what, text: error.message }
}

/** What is still to be read. Trees met before are remembered with one bit each. */
class TreesToCheck {
  readonly #repository: IndexedRepository
  readonly #seen: Uint8Array
  /** Trees that the index lacks have no number, and are few. */
  readonly #seenMissing = new Set<TreeId>()
  /** Last in, first out: it then holds no more than the siblings along one path. */
  readonly #wanted: WantedTree[] = []
  #met = 0

  constructor(repository: IndexedRepository) {
    this.#repository = repository
    this.#seen = new Uint8Array(Math.ceil(repository.index.table.count / 8))
  }

  get met(): number {
    return this.#met
  }

  add(tree: WantedTree): void {
    if (this.#wasSeen(tree.id)) return
    this.#met++
    this.#wanted.push(tree)
  }

  next(): WantedTree | undefined {
    return this.#wanted.pop()
  }

  #wasSeen(id: TreeId): boolean {
    const row = this.#repository.index.table.find('tree', fromHex(id))
    if (row < 0) {
      const known = this.#seenMissing.has(id)
      this.#seenMissing.add(id)
      return known
    }
    const bit = 1 << (row & 7)
    const byte = this.#seen[row >> 3] as number
    this.#seen[row >> 3] = byte | bit
    return (byte & bit) !== 0
  }
}

async function checkTree(
  repository: IndexedRepository,
  { id, path }: WantedTree,
  signal: AbortSignal,
): Promise<CheckedTree> {
  const found = (text: string): Finding => {
    const what = `tree ${shortId(id)} (${path})`
    return { kind: 'tree-broken', severity: 'error', tree: id, path, what, text }
  }
  let nodes: readonly Node[]
  try {
    nodes = await repository.readTree(id, { signal })
  } catch (error) {
    if (!isResticError(error, 'CORRUPT', 'MISSING')) throw error
    return { findings: [found(error.message)], subtrees: [] }
  }
  const findings: Finding[] = []
  const subtrees: WantedTree[] = []
  for (const node of nodes) {
    for (const problem of nodeProblems(repository, node)) {
      findings.push(found(`${node.type} ${JSON.stringify(node.name)} ${problem}`))
    }
    if (node.type === 'dir' && node.subtree !== undefined && node.subtree !== nullId) {
      subtrees.push({ id: node.subtree, path: childPath(path, node.name) })
    }
  }
  return { findings, subtrees }
}

const nullId = '0'.repeat(64)

/** What would keep an entry from being restored. A file's size and its blobs need not agree. */
function* nodeProblems({ index }: IndexedRepository, node: Node): Generator<string> {
  switch (node.type) {
    case 'file':
      if (node.content === null) yield 'has no list of blobs'
      else yield* node.content.flatMap((id) => blobProblems(index, id))
      return
    case 'dir':
      if (node.subtree === undefined) yield 'has no subtree'
      else if (node.subtree === nullId) yield 'has a subtree whose id is zero'
      return
    case 'irregular':
      yield 'is of an unknown type'
      return
    case 'symlink':
    case 'dev':
    case 'chardev':
    case 'fifo':
    case 'socket':
      return
  }
}

function blobProblems(index: IndexedRepository['index'], id: BlobId): string[] {
  if (id === nullId) return ['has a blob whose id is zero']
  return index.has('data', id) ? [] : [`needs blob ${id}, which is not in the index`]
}
