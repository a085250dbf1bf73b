import type { Cancellable } from '../../base/cancel.ts'
import { TargetError } from '../../base/errors.ts'
import type { Node } from '../../format/node.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import { childPath } from '../shared/item-path.ts'
import type { TargetTree } from '../shared/target-tree.ts'
import { Turns } from '../shared/turns.ts'
import { clearPlace } from './clear-place.ts'
import { walkDecided } from './decided-trees.ts'
import type { RestorePlan } from './plan.ts'
import type { RestoreProgress } from './progress.ts'

/**
 * The second pass over the trees: symlinks, pipes, devices and further names of files are made, and
 * everything gets its metadata; a directory when nothing in it will be touched any more.
 */
export async function finishEntries(
  from: IndexedRepository,
  plan: RestorePlan,
  target: TargetTree,
  progress: RestoreProgress,
  options: Cancellable,
): Promise<void> {
  const turns = new Turns(options)
  const finisher = new Finisher(plan, target, progress)
  for await (const { type, tree, firstEntry } of walkDecided(from, plan, options)) {
    if (type === 'leave') {
      const { path, parent } = tree
      if (parent) finisher.finishDirectory(path, parent.tree.nodes[parent.index] as Node)
      continue
    }
    for (const [index, node] of tree.nodes.entries()) {
      finisher.finish(childPath(tree.path, node.name), node, firstEntry + index)
      await turns.pause()
    }
  }
}

class Finisher {
  readonly #plan: RestorePlan
  readonly #target: TargetTree
  readonly #progress: RestoreProgress

  constructor(plan: RestorePlan, target: TargetTree, progress: RestoreProgress) {
    this.#plan = plan
    this.#target = target
    this.#progress = progress
  }

  finish(path: string, node: Node, entry: number): void {
    const decision = this.#plan.decisions.at(entry)
    if (decision === 'omit' || decision === 'leave') return
    if (node.type === 'dir') {
      if (this.#plan.closed.has(entry)) this.finishDirectory(path, node)
      return
    }
    if (this.#progress.hasFailed(path)) return
    this.#progress.attempt(path, () => {
      if (decision === 'link') this.#link(path, entry)
      else if (node.type === 'file') this.#setMetadata(path, node)
      else this.#make(path, node)
    })
  }

  finishDirectory(path: string, node: Node): void {
    if (this.#progress.hasFailed(path)) return
    this.#progress.attempt(path, () => {
      this.#setMetadata(path, node)
      this.#progress.finished(path, 'restored')
    })
  }

  /** The file itself has its metadata from its first name. */
  #link(path: string, entry: number): void {
    const existing = this.#plan.links.get(entry) as string
    if (this.#progress.hasFailed(existing)) {
      const message = `cannot link ${path} to ${existing}, which could not be restored`
      throw new TargetError(message, path, 'not-found')
    }
    clearPlace(this.#plan, this.#target, path)
    this.#target.makeHardLink(path, existing)
    this.#progress.finished(path, 'restored')
  }

  #make(path: string, node: Node): void {
    clearPlace(this.#plan, this.#target, path)
    if (node.type === 'symlink') this.#target.makeSymlink(path, node.linktarget ?? '')
    else if (!this.#target.makeSpecial(path, node)) {
      this.#progress.couldNotKeep(['special files'])
      return
    }
    this.#setMetadata(path, node)
    this.#progress.finished(path, 'restored')
  }

  #setMetadata(path: string, node: Node): void {
    this.#progress.couldNotKeep(this.#target.setMetadata(path, node))
  }
}
