import { TargetError, UnsupportedError, isResticError } from '../../base/errors.ts'
import type { TreeId } from '../../base/id.ts'
import { compareNames } from '../../format/name.ts'
import type { Node } from '../../format/node.ts'
import type { IndexedRepository } from '../../repository/api.ts'
import type { ComparedFile } from '../../work/jobs/compare-files.ts'
import { childPath } from '../shared/item-path.ts'
import type { TargetEntry, TargetTree } from '../shared/target-tree.ts'
import { type WalkedTree, walkTrees } from '../shared/tree-walk.ts'
import { type Decision, Decisions, existingFile, mayOverwrite } from './decisions.ts'
import { ItemProblems } from './events.ts'
import { FileComparer } from './existing-files.ts'
import { type Content, FileContents } from './file-contents.ts'
import type { PlanRestoreOptions, RestorePlan } from './plan.ts'

/** A directory of the snapshot, while the walk is in it. */
interface OpenTree {
  /** the first of its entries' decisions */
  readonly firstEntry: number
  /** its own path in the list of directories */
  readonly directory: number
  /** Whether the target has the directory; what is below an absent one is absent too. */
  readonly exists: boolean
  /** Restored for itself, or because something inside is. */
  isWanted: boolean
}

/** A file that may have some of its content already. */
interface ExistingFile extends Content {
  /** the path that jobs open */
  readonly path: string
  readonly ids: Uint8Array
  readonly itemPath: string
  readonly entry: number
  /** Its other names must keep their content, so it is not changed in place. */
  readonly hasOtherNames: boolean
}

/** Builds a plan in one walk over the trees. */
export class Planner implements AsyncDisposable {
  readonly #from: IndexedRepository
  readonly #root: TreeId
  readonly #target: TargetTree
  readonly #options: PlanRestoreOptions
  readonly #problems: ItemProblems
  readonly #comparer: FileComparer<ExistingFile>
  readonly #contents: FileContents
  readonly #decisions = new Decisions()
  readonly #directories: string[] = []
  readonly #links = new Map<number, string>()
  readonly #closed = new Set<number>()
  readonly #removals: string[] = []
  readonly #openTrees = new Map<WalkedTree, OpenTree>()
  /** Entries of directories that are restored only if something inside is. */
  readonly #tentative = new Set<number>()
  /** The first path of every file with several names, by device and inode. */
  readonly #firstNames = new Map<string, string>()
  readonly #total = { entries: 0, bytes: 0 }
  readonly #unchanged = { entries: 0, bytes: 0 }
  #inPlace = 0
  /** Off after a refused name: then it is not known what the snapshot has. */
  #mayDelete = true

  constructor(
    from: IndexedRepository,
    root: TreeId,
    target: TargetTree,
    options: PlanRestoreOptions,
  ) {
    this.#from = from
    this.#root = root
    this.#target = target
    this.#options = options
    this.#problems = new ItemProblems(options)
    this.#contents = new FileContents(from.index)
    const { pool } = from.runtime
    this.#comparer = new FileComparer(pool, (...result) => this.#takeComparison(...result), options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#comparer[Symbol.asyncDispose]()
  }

  async run(): Promise<RestorePlan> {
    const steps = walkTrees(this.#from, this.#root, {
      signal: this.#options.signal,
      descend: (tree, index) => this.#isEntered(tree, index),
      onUnreadable: (tree, index, error) => this.#closeDirectory(tree, index, error),
    })
    for await (const { type, tree } of steps) {
      if (type === 'enter') await this.#enter(tree)
      else this.#leave(tree)
    }
    await this.#comparer.finish()
    this.#contents.plan.arrange(this.#contents.files.length)
    return {
      root: this.#root,
      decisions: this.#decisions,
      directories: this.#directories,
      files: this.#contents.files,
      contents: this.#contents.plan,
      links: this.#links,
      closed: this.#closed,
      removals: this.#mayDelete ? this.#removals : [],
      removesDirectories: Boolean(this.#options.delete),
      sparse: this.#options.sparse ?? false,
      total: this.#total,
      unchanged: this.#unchanged,
      inPlace: this.#inPlace,
      errors: this.#problems.count,
    }
  }

  // ---- Directories

  async #enter(tree: WalkedTree): Promise<void> {
    const entry = this.#entryOf(tree)
    const exists =
      entry === undefined
        ? this.#target.entry(tree.path)?.type === 'dir'
        : this.#decisions.at(entry) === 'keep'
    const open: OpenTree = {
      firstEntry: this.#decisions.count,
      directory: this.#directories.push(tree.path) - 1,
      exists,
      isWanted: entry === undefined || !this.#tentative.has(entry),
    }
    this.#openTrees.set(tree, open)
    const nameKeys = new Set<string>()
    for (const node of tree.nodes) {
      const existing = this.#decideOrReport(tree, open, node, nameKeys)
      if (existing !== undefined) await this.#comparer.add(existing)
    }
  }

  #leave(tree: WalkedTree): void {
    const open = this.#openTrees.get(tree) as OpenTree
    this.#openTrees.delete(tree)
    if (open.isWanted) {
      if (open.exists) this.#planRemovals(tree)
      return
    }
    // Nothing below was asked for either, so all that was planned since is about this directory.
    this.#directories.length = open.directory
    this.#decisions.truncate(open.firstEntry)
    this.#decisions.set(this.#entryOf(tree) as number, 'omit')
  }

  /** The entry that stands for the directory in the one above; the root has none. */
  #entryOf({ parent }: WalkedTree): number | undefined {
    if (parent === undefined) return undefined
    return (this.#openTrees.get(parent.tree) as OpenTree).firstEntry + parent.index
  }

  #isEntered(tree: WalkedTree, index: number): boolean {
    const { firstEntry } = this.#openTrees.get(tree) as OpenTree
    return this.#decisions.at(firstEntry + index) !== 'omit'
  }

  /**
   * The directory itself is restored, unless it was only wanted for what is inside, or something
   * else would have to go for it.
   */
  #closeDirectory(tree: WalkedTree, index: number, error: Error): void {
    const path = childPath(tree.path, (tree.nodes[index] as Node).name)
    const entry = (this.#openTrees.get(tree) as OpenTree).firstEntry + index
    if (this.#tentative.has(entry) || this.#decisions.at(entry) === 'replace') {
      this.#decisions.set(entry, 'omit')
    } else {
      this.#directories.push(path)
      this.#closed.add(entry)
    }
    this.#problems.report(path, error)
  }

  #want(tree: WalkedTree): void {
    for (let at: WalkedTree | undefined = tree; at !== undefined; at = at.parent?.tree) {
      const open = this.#openTrees.get(at) as OpenTree
      if (open.isWanted) return
      open.isWanted = true
      this.#total.entries++
    }
  }

  #planRemovals(tree: WalkedTree): void {
    const { delete: wanted = false } = this.#options
    if (wanted === false) return
    const names = new Set(tree.nodes.map((node) => this.#target.nameKey(node.name)))
    try {
      for (const name of this.#target.list(tree.path).toSorted(compareNames)) {
        const path = childPath(tree.path, name)
        if (names.has(this.#target.nameKey(name))) continue
        if (wanted === true || wanted(path)) this.#removals.push(path)
      }
    } catch (error) {
      if (!isResticError(error, 'TARGET')) throw error
      this.#problems.report(tree.path, error)
    }
  }

  // ---- Entries

  /** Returns a file that must be compared before it can be decided about. */
  #decideOrReport(
    tree: WalkedTree,
    open: OpenTree,
    node: Node,
    nameKeys: Set<string>,
  ): ExistingFile | undefined {
    const path = childPath(tree.path, node.name)
    const entry = this.#decisions.push('omit')
    try {
      this.#checkName(node, path, nameKeys)
      const selection = this.#options.select?.(path, node) ?? true
      if (selection === false || node.type === 'socket') return undefined
      const there = open.exists ? this.#target.entry(path) : undefined
      if (node.type === 'dir') {
        this.#decisions.set(entry, this.#directoryDecision(path, there))
        if (selection === true) this.#count(tree, 0)
        else this.#tentative.add(entry)
        return undefined
      }
      if (selection === 'inside') return undefined
      return this.#decideAboutLeaf(tree, node, { path, entry, there })
    } catch (error) {
      if (!isResticError(error)) throw error
      this.#problems.report(path, error)
      return undefined
    }
  }

  #checkName(node: Node, path: string, nameKeys: Set<string>): void {
    const key = this.#target.nameKey(node.name)
    const accepted = this.#target.acceptsName(node.name)
    if (accepted && !nameKeys.has(key)) {
      nameKeys.add(key)
      return
    }
    this.#mayDelete = false
    const reason = accepted
      ? 'it is the same name as another one here'
      : 'its name is not allowed here'
    throw new TargetError(`cannot restore ${JSON.stringify(path)}: ${reason}`, path, 'unsafe')
  }

  #directoryDecision(path: string, there: TargetEntry | undefined): Decision {
    if (there === undefined) return 'create'
    if (there.type === 'dir') return 'keep'
    if (this.#options.overwrite !== 'never') return 'replace'
    throw new TargetError(
      `cannot make directory ${path}: something else is there, and must not be overwritten`,
      path,
      'changed',
    )
  }

  #count(tree: WalkedTree, bytes: number): void {
    this.#want(tree)
    this.#total.entries++
    this.#total.bytes += bytes
  }

  #countUnchanged(path: string, bytes: number): void {
    this.#unchanged.entries++
    this.#unchanged.bytes += bytes
    this.#options.onEvent?.({ type: 'item', action: 'unchanged', path, size: bytes })
  }

  /** Decides about anything but a directory. */
  #decideAboutLeaf(
    tree: WalkedTree,
    node: Node,
    at: { readonly path: string; readonly entry: number; readonly there: TargetEntry | undefined },
  ): ExistingFile | undefined {
    const { path, entry, there } = at
    if (node.type === 'irregular') {
      throw new UnsupportedError(`cannot restore ${path}: its type is not known`)
    }
    const firstName = this.#firstNameOf(node, path)
    const isFile = node.type === 'file' && firstName === undefined
    const content = isFile ? this.#contents.of(node, path) : undefined
    const { overwrite = 'always' } = this.#options
    this.#count(tree, content?.size ?? 0)
    if (there !== undefined && !mayOverwrite(overwrite, node, there)) {
      this.#decisions.set(entry, 'leave')
      this.#countUnchanged(path, content?.size ?? 0)
      return undefined
    }
    if (firstName !== undefined) {
      this.#links.set(entry, firstName)
      this.#decisions.set(entry, 'link')
      return undefined
    }
    if (content === undefined || there === undefined) {
      this.#decisions.set(entry, there === undefined ? 'create' : 'replace')
      if (content !== undefined) this.#contents.write(path, content, 'create')
      return undefined
    }
    return this.#decideAboutExisting(node, content, { path, entry, there })
  }

  #decideAboutExisting(
    node: Node,
    content: Content,
    at: { readonly path: string; readonly entry: number; readonly there: TargetEntry },
  ): ExistingFile | undefined {
    const { path, entry, there } = at
    switch (existingFile(this.#options.overwrite ?? 'always', node, there)) {
      case 'replace':
        this.#decisions.set(entry, 'replace')
        this.#contents.write(path, content, 'replace')
        return undefined
      case 'trust':
        this.#decisions.set(entry, 'keep')
        this.#countUnchanged(path, content.size)
        return undefined
      case 'compare': {
        const ids = this.#contents.ids(content)
        const hasOtherNames = there.links > 1
        const file = this.#target.filePath(path)
        return { ...content, ids, entry, path: file, itemPath: path, hasOtherNames }
      }
    }
  }

  #firstNameOf(node: Node, path: string): string | undefined {
    if (node.type !== 'file' || node.links < 2) return undefined
    const key = `${node.deviceId}:${node.inode}`
    const first = this.#firstNames.get(key)
    if (first === undefined) this.#firstNames.set(key, path)
    return first
  }

  #takeComparison(file: ExistingFile, result: ComparedFile): void {
    const { entry, itemPath } = file
    if (isEqual(file, result)) {
      this.#decisions.set(entry, 'keep')
      this.#countUnchanged(itemPath, file.size)
      return
    }
    if ('error' in result || file.hasOtherNames) {
      // Also where it cannot be read, or has gone: a new file can take its place all the same.
      const decision = file.hasOtherNames ? 'renew' : 'replace'
      this.#decisions.set(entry, decision)
      this.#contents.write(itemPath, file, decision)
      return
    }
    const { matches } = result
    this.#decisions.set(entry, 'update')
    this.#contents.write(itemPath, file, 'update', matches)
    for (const [blob, match] of matches.entries()) {
      if (match === 1) this.#inPlace += file.lengths[blob] as number
    }
  }
}

function isEqual({ size }: Content, result: ComparedFile): boolean {
  if ('error' in result) return false
  return result.size === size && result.matches.every((match) => match === 1)
}
